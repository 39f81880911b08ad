// From the events of a stream to the whole answer.

package llmrpc

import (
	"fmt"
	"iter"
	"slices"
	"strings"

	"google.golang.org/grpc/codes"
	"google.golang.org/protobuf/proto"

	"github.com/llmrpc/llmrpc/clients/go/llmrpcv1"
)

// Accumulate reads a stream to its end and gives its response: what Generate would have
// given. The stream's own error comes as it is. A stream that is not whole is an
// [ErrStreamInterrupted]: a gap in the sequence, no completed response at the end or an
// event behind it, or deltas that do not add up to the completed message.
func Accumulate(events iter.Seq2[*llmrpcv1.StreamEvent, error]) (*llmrpcv1.LLMResponse, error) {
	var parts []*part
	var completed *llmrpcv1.LLMResponse
	var order order
	for event, err := range events {
		if err != nil {
			return nil, err
		}
		if fault := order.fault(event); fault != "" {
			return nil, notWhole("%s", fault)
		}
		for _, delta := range event.GetDeltas() {
			if parts, err = add(parts, delta); err != nil {
				return nil, err
			}
		}
		completed = event.GetCompleted()
	}
	if fault := order.faultAtEnd(); fault != "" {
		return nil, notWhole("%s", fault)
	}
	same := func(built *part, sent *llmrpcv1.Part) bool { return proto.Equal(built.build(), sent) }
	if !slices.EqualFunc(parts, completed.GetMessage().GetParts(), same) {
		return nil, notWhole("the deltas do not add up to the completed message")
	}
	return completed, nil
}

func notWhole(format string, arguments ...any) *Error {
	text := "the stream is not whole: " + fmt.Sprintf(format, arguments...)
	return newError(KindStreamInterrupted, codes.Unavailable, text)
}

// part is a part under construction.
type part struct {
	kind      string
	text      strings.Builder
	call      *llmrpcv1.ToolCall
	signature *llmrpcv1.Signature
}

// add puts a delta where its index says. One that skips an index, or changes the kind
// of a part, says that something was lost on the way.
func add(parts []*part, delta *llmrpcv1.Delta) ([]*part, error) {
	index := int(delta.GetPartIndex())
	kind, text := read(delta)
	if index < 0 || index > len(parts) || kind == "signature" && index == len(parts) {
		return nil, notWhole("part %d came while %d parts were known", index, len(parts))
	}
	switch {
	case kind == "": // a kind that is newer than this client
		return parts, nil
	case kind == "signature":
		parts[index].signature = delta.GetSignature()
		return parts, nil
	case index == len(parts):
		parts = append(parts, &part{kind: kind, call: delta.GetToolCall()})
	case parts[index].kind != kind:
		return nil, notWhole("part %d changed from %s to %s", index, parts[index].kind, kind)
	}
	parts[index].text.WriteString(text)
	return parts, nil
}

// read is the kind of a delta, and the text that it adds.
func read(delta *llmrpcv1.Delta) (kind, text string) {
	switch kind := delta.GetKind().(type) {
	case *llmrpcv1.Delta_Text:
		return "text", kind.Text
	case *llmrpcv1.Delta_Reasoning:
		return "reasoning", kind.Reasoning
	case *llmrpcv1.Delta_RedactedReasoning:
		return "redacted_reasoning", kind.RedactedReasoning
	case *llmrpcv1.Delta_ToolCall:
		return "tool_call", kind.ToolCall.GetArguments()
	case *llmrpcv1.Delta_Refusal:
		return "refusal", kind.Refusal
	case *llmrpcv1.Delta_Signature:
		return "signature", ""
	}
	return "", ""
}

func (p *part) build() *llmrpcv1.Part {
	built, text := &llmrpcv1.Part{Signature: p.signature}, p.text.String()
	switch p.kind {
	case "text":
		built.Kind = &llmrpcv1.Part_Text{Text: text}
	case "reasoning":
		built.Kind = &llmrpcv1.Part_Reasoning{Reasoning: text}
	case "redacted_reasoning":
		built.Kind = &llmrpcv1.Part_RedactedReasoning{RedactedReasoning: text}
	case "tool_call":
		call := &llmrpcv1.ToolCall{Id: p.call.GetId(), Name: p.call.GetName(), Arguments: text}
		built.Kind = &llmrpcv1.Part_ToolCall{ToolCall: call}
	case "refusal":
		built.Kind = &llmrpcv1.Part_Refusal{Refusal: text}
	}
	return built
}
