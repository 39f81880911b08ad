// From the events of a stream to its response, also from a newer gateway.

package llmrpc

import (
	"fmt"
	"iter"

	"google.golang.org/grpc/codes"

	"github.com/llmrpc/llmrpc/clients/go/llmrpcv1"
)

// Accumulate reads a stream to its end and returns its response: what Generate would
// have returned. An error of the stream is returned as it is.
//
// It returns an [ErrStreamInterrupted] if the stream is not complete: a gap in the
// sequence, no completed response at the end or an event after it, or deltas that do not
// add up to the completed message. Kinds and fields that are newer than this client are
// passed over; the response keeps them, and the next request sends them back.
func Accumulate(events iter.Seq2[*llmrpcv1.StreamEvent, error]) (*llmrpcv1.LLMResponse, error) {
	var built parts
	var completed *llmrpcv1.LLMResponse
	var order order
	for event, err := range events {
		if err != nil {
			return nil, err
		}
		if fault := order.fault(event); fault != "" {
			return nil, notWhole("%s", fault)
		}
		if event.GetRestarted() != nil {
			built = nil
		}
		for _, delta := range event.GetDeltas() {
			if err := built.add(delta); err != nil {
				return nil, err
			}
		}
		completed = event.GetCompleted()
	}
	if fault := order.faultAtEnd(); fault != "" {
		return nil, notWhole("%s", fault)
	}
	if err := built.check(completed.GetMessage().GetParts()); err != nil {
		return nil, err
	}
	return completed, nil
}

func notWhole(format string, arguments ...any) *Error {
	text := "the stream is not whole: " + fmt.Sprintf(format, arguments...)
	return newError(KindStreamInterrupted, codes.Unavailable, text)
}
