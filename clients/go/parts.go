// The parts of a response as its deltas build them. Kinds that are newer than this
// client are counted and passed over.

package llmrpc

import (
	"slices"
	"strings"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protopath"
	"google.golang.org/protobuf/reflect/protorange"
	"google.golang.org/protobuf/reflect/protoreflect"

	"github.com/llmrpc/llmrpc/clients/go/llmrpcv1"
)

// parts are the parts that the deltas of a stream have built so far.
type parts []*part

// part is a part under construction.
type part struct {
	kind        string          // the name of the kind; empty: newer than this client
	first       *llmrpcv1.Delta // the delta that started it, with what is not appended
	text        strings.Builder // what the deltas appended
	signature   *llmrpcv1.Signature
	annotations []*llmrpcv1.Annotation
}

// add adds one delta. A delta that skips an index, or changes the kind of a part, is an
// error: something was lost before it.
func (p *parts) add(delta *llmrpcv1.Delta) error {
	index, count, kind := int(delta.GetPartIndex()), len(*p), kindOf(delta)
	starts, neverFirst := index == count, kind == "signature" || kind == "annotation"
	if index < 0 || index > count || starts && neverFirst {
		return notWhole("part %d arrived when %d parts were known", index, count)
	}
	if starts {
		*p = append(*p, &part{kind: kind, first: delta})
	}
	part := (*p)[index]
	switch {
	case part.kind == "" || kind == "":
		return nil
	case kind == "signature":
		part.signature = delta.GetSignature()
	case kind == "annotation":
		part.annotations = append(part.annotations, delta.GetAnnotation())
	case kind != part.kind:
		return notWhole("part %d changed from %s to %s", index, part.kind, kind)
	case !starts && arrivesComplete(kind):
		return notWhole("a second %s arrived for part %d", kind, index)
	default: // one of these, and the others are empty
		part.text.WriteString(delta.GetText() + delta.GetReasoning() + delta.GetRefusal() +
			delta.GetToolCall().GetArguments())
	}
	return nil
}

// check compares the parts with those of the completed message. Unknown parts and
// fields, on either side, prove nothing and are passed over.
func (p parts) check(completed []*llmrpcv1.Part) error {
	known := func(part *llmrpcv1.Part) bool { return part.GetKind() != nil }
	if len(completed) < len(p) || slices.ContainsFunc(completed[len(p):], known) {
		return notWhole("the deltas made %d parts, and the completed message has %d", len(p), len(completed))
	}
	for index, part := range p {
		if part.kind == "" || !known(completed[index]) {
			continue
		}
		built, sent := part.build(), completed[index]
		if !proto.Equal(built, sent) && !proto.Equal(withoutUnknown(built), withoutUnknown(sent)) {
			return notWhole("the deltas do not add up to part %d of the completed message", index)
		}
	}
	return nil
}

func (p *part) build() *llmrpcv1.Part {
	built := &llmrpcv1.Part{Signature: p.signature, Annotations: p.annotations}
	switch text := p.text.String(); first := p.first.GetKind().(type) {
	case *llmrpcv1.Delta_Text:
		built.Kind = &llmrpcv1.Part_Text{Text: text}
	case *llmrpcv1.Delta_Reasoning:
		built.Kind = &llmrpcv1.Part_Reasoning{Reasoning: text}
	case *llmrpcv1.Delta_Refusal:
		built.Kind = &llmrpcv1.Part_Refusal{Refusal: text}
	case *llmrpcv1.Delta_RedactedReasoning:
		built.Kind = &llmrpcv1.Part_RedactedReasoning{RedactedReasoning: first.RedactedReasoning}
	case *llmrpcv1.Delta_ProviderBlock:
		built.Kind = &llmrpcv1.Part_ProviderBlock{ProviderBlock: first.ProviderBlock}
	case *llmrpcv1.Delta_Image:
		built.Kind = &llmrpcv1.Part_Image{Image: first.Image}
	case *llmrpcv1.Delta_ToolCall:
		call := &llmrpcv1.ToolCall{Id: first.ToolCall.GetId(), Name: first.ToolCall.GetName(), Arguments: text}
		built.Kind = &llmrpcv1.Part_ToolCall{ToolCall: call}
	}
	return built
}

// kindOf is the name of the kind of a delta; empty: newer than this client.
func kindOf(delta *llmrpcv1.Delta) string {
	message := delta.ProtoReflect()
	if field := message.WhichOneof(message.Descriptor().Oneofs().ByName("kind")); field != nil {
		return string(field.Name())
	}
	return ""
}

// arrivesComplete says whether one delta of the kind is the whole part.
func arrivesComplete(kind string) bool {
	return kind == "redacted_reasoning" || kind == "provider_block" || kind == "image"
}

// withoutUnknown is a copy without the fields that this client does not know, at any
// depth.
func withoutUnknown(message *llmrpcv1.Part) *llmrpcv1.Part {
	known := proto.CloneOf(message)
	discard := func(path protopath.Values) error {
		if inner, ok := path.Index(-1).Value.Interface().(protoreflect.Message); ok {
			inner.SetUnknown(nil)
		}
		return nil
	}
	_ = protorange.Range(known.ProtoReflect(), discard) // has only the errors of discard
	return known
}
