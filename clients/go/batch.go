// Batches: many requests over one call, results as they finish.

package llmrpc

import (
	"context"
	"fmt"
	"io"
	"iter"
	"sync"

	"google.golang.org/grpc/metadata"

	"github.com/llmrpc/llmrpc/clients/go/llmrpcv1"
)

// Batch asks many requests over one call, and gives results as they finish. An item
// that fails spoils no other: [Outcome] gives its response or its error. What ends the
// whole batch is an error of the loop, and the last thing that comes. The client's
// timeout does not bound it.
//
// Items are pulled one at a time as gRPC takes them, in a goroutine of their own, such
// as from slices.Values. They may wait for results. Once the batch is over, no more are
// asked for. Where items themselves fail, end them and cancel ctx with the cause, which
// the batch's error then holds. Left early, the call is canceled at once; a sequence
// that waits for something of its own is not interrupted, and its goroutine ends with
// its next item, so let it watch a context that you cancel.
func (c *Client) Batch(
	ctx context.Context, items iter.Seq[*llmrpcv1.BatchItem], options ...CallOption,
) iter.Seq2[*llmrpcv1.BatchResult, error] {
	return func(yield func(*llmrpcv1.BatchResult, error) bool) {
		begun, err := c.begin(ctx, options, true)
		if err != nil {
			yield(nil, err)
			return
		}
		defer begun.cancel()
		stream, err := c.service.BatchGenerate(begun.ctx, begun.options...)
		if err != nil {
			yield(nil, begun.failed(err, nil, false))
			return
		}
		sender := &sender{call: begun}
		go sender.run(stream, items)
		for received := 0; ; received++ {
			result, err := stream.Recv()
			if err != nil {
				if err := sender.outcome(err, stream.Trailer, received); err != nil {
					yield(nil, err)
				}
				return
			}
			if !yield(result, nil) {
				return
			}
		}
	}
}

// Outcome is the response of a result, or its error, an [*Error].
func Outcome(result *llmrpcv1.BatchResult) (*llmrpcv1.LLMResponse, error) {
	if err := ErrorFromStatus(result.GetStatus()); err != nil {
		return nil, err
	}
	if response := result.GetResponse(); response != nil {
		return response, nil
	}
	return nil, notWhole("a result has neither a response nor an error")
}

// sender sends the items, since results come in between.
type sender struct {
	call     *call
	mutex    sync.Mutex
	sent     int
	finished bool  // the items came to their end
	failure  error // what gRPC refused to send
}

func (s *sender) run(stream llmrpcv1.LLMService_BatchGenerateClient, items iter.Seq[*llmrpcv1.BatchItem]) {
	for item := range items {
		if s.send(stream, item) != nil {
			return // gRPC has ended the call, and its reader learns why
		}
	}
	s.mutex.Lock()
	s.finished = true
	s.mutex.Unlock()
	_ = stream.CloseSend() // never fails
}

// send locks, so that a reader whom a refused item wakes sees the failure too. It never
// outlasts the call.
func (s *sender) send(stream llmrpcv1.LLMService_BatchGenerateClient, item *llmrpcv1.BatchItem) error {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	s.sent++
	err := stream.Send(item)
	if err != io.EOF { // which says only that the call is over
		s.failure = err
	}
	return err
}

// outcome is the error of the whole batch, for what ended its reading; nil where every
// item has its result.
func (s *sender) outcome(err error, trailer func() metadata.MD, received int) error {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	switch {
	case err == io.EOF && s.finished && s.sent == received:
		return nil
	case err == io.EOF:
		return s.call.interrupted(fmt.Sprintf("it ended with %d results for %d items", received, s.sent))
	case s.failure != nil:
		return s.call.failed(s.failure, nil, false)
	}
	return s.call.failed(err, trailer(), received > 0)
}
