// Streams: the events of an answer as it is written, or its text alone.

package llmrpc

import (
	"context"
	"io"
	"iter"

	"github.com/llmrpc/llmrpc/clients/go/llmrpcv1"
)

// StreamText gives the answer as it is written, event by event. The last event of a
// good stream has Completed, the response that Generate would have given; any other end
// is an error, an [ErrStreamInterrupted] where events are missing.
//
// The call begins with the loop, and ends with it: left early, it is canceled at once,
// at the provider too. A second loop over the same value is a second call. An error is
// the last thing that comes.
func (c *Client) StreamText(
	ctx context.Context, request *llmrpcv1.GenerateRequest, options ...CallOption,
) iter.Seq2[*llmrpcv1.StreamEvent, error] {
	return func(yield func(*llmrpcv1.StreamEvent, error) bool) {
		begun, err := c.begin(ctx, options, false)
		if err != nil {
			yield(nil, err)
			return
		}
		defer begun.cancel()
		stream, err := c.service.StreamText(begun.ctx, request, begun.options...)
		if err != nil {
			yield(nil, begun.failed(err, nil, false))
			return
		}
		var order order
		for {
			event, err := stream.Recv()
			if err == io.EOF {
				if fault := order.faultAtEnd(); fault != "" {
					yield(nil, begun.interrupted(fault))
				}
				return
			}
			if err != nil {
				yield(nil, begun.failed(err, stream.Trailer(), order.seen > 0))
				return
			}
			if fault := order.fault(event); fault != "" {
				yield(nil, begun.interrupted(fault))
				return
			}
			if !yield(event, nil) {
				return
			}
		}
	}
}

// Text gives the text of the answer as it is written, and nothing else of it. It is
// [Client.StreamText] otherwise: a stream that breaks gives an error, it never just
// ends.
func (c *Client) Text(
	ctx context.Context, request *llmrpcv1.GenerateRequest, options ...CallOption,
) iter.Seq2[string, error] {
	return func(yield func(string, error) bool) {
		for event, err := range c.StreamText(ctx, request, options...) {
			if err != nil {
				yield("", err)
				return
			}
			for _, delta := range event.GetDeltas() {
				if text, ok := delta.GetKind().(*llmrpcv1.Delta_Text); ok && !yield(text.Text, nil) {
					return
				}
			}
		}
	}
}
