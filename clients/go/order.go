// The order of a stream's events: no gap, and one completed, which is the last.

package llmrpc

import (
	"fmt"

	"github.com/llmrpc/llmrpc/clients/go/llmrpcv1"
)

// order holds the events of one stream to the contract.
type order struct {
	seen  int32
	whole bool
}

// fault is what is wrong with the event in its place; empty: nothing.
func (o *order) fault(event *llmrpcv1.StreamEvent) string {
	if o.whole {
		return fmt.Sprintf("event %d came behind the completed response", event.GetSequence())
	}
	if event.GetSequence() != o.seen+1 {
		return fmt.Sprintf("event %d came for %d", event.GetSequence(), o.seen+1)
	}
	o.seen++
	o.whole = event.GetCompleted() != nil
	return ""
}

// faultAtEnd is what is wrong with an end here; empty: nothing.
func (o *order) faultAtEnd() string {
	if o.whole {
		return ""
	}
	return "it ended without its completed response"
}
