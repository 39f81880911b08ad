package llmrpc_test

import (
	"errors"
	"iter"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"

	llmrpc "github.com/llmrpc/llmrpc/clients/go"
	"github.com/llmrpc/llmrpc/clients/go/llmrpcv1"
)

func each(events ...*llmrpcv1.StreamEvent) iter.Seq2[*llmrpcv1.StreamEvent, error] {
	return func(yield func(*llmrpcv1.StreamEvent, error) bool) {
		for _, event := range events {
			if !yield(event, nil) {
				return
			}
		}
	}
}

// answer has a part of every kind that a response can have, signed and annotated ones too.
func answer() []*llmrpcv1.Part {
	signature := func(data string) *llmrpcv1.Signature {
		return &llmrpcv1.Signature{Provider: "anthropic", Data: data}
	}
	call := func(id, arguments string) *llmrpcv1.Part_ToolCall {
		return &llmrpcv1.Part_ToolCall{ToolCall: &llmrpcv1.ToolCall{Id: id, Name: "weather", Arguments: arguments}}
	}
	block := func(id string) *llmrpcv1.Part_ProviderBlock {
		return &llmrpcv1.Part_ProviderBlock{ProviderBlock: &llmrpcv1.ProviderBlock{
			Provider: "anthropic", Type: "server_tool_use", Data: `{"type": "server_tool_use"}`, Id: id,
		}}
	}
	cited := func(url string) *llmrpcv1.Annotation {
		return &llmrpcv1.Annotation{Provider: "anthropic", Url: url, StartIndex: new(int32(0))}
	}
	return []*llmrpcv1.Part{
		{Kind: &llmrpcv1.Part_Reasoning{Reasoning: "first 🤔 then"}, Signature: signature("one")},
		{Kind: &llmrpcv1.Part_RedactedReasoning{RedactedReasoning: "xyz"}},
		{Kind: &llmrpcv1.Part_Reasoning{}, Signature: signature("two")},
		{Kind: block("s1")},
		{
			Kind:        &llmrpcv1.Part_Text{Text: "Здравствуй, 世界"},
			Annotations: []*llmrpcv1.Annotation{cited("https://example.com/1"), cited("https://example.com/2")},
		},
		{Kind: block("s2"), Signature: signature("four")},
		llmrpc.Image([]byte("\x89PNG"), "image/png"),
		{Kind: call("a", `{"city": "Lyon"}`), Signature: signature("three")},
		{Kind: call("b", "")},
		{Kind: &llmrpcv1.Part_Refusal{Refusal: "no"}},
	}
}

// cut makes deltas of the parts, with their texts cut at random, and some annotations
// after all of them.
func cut(parts []*llmrpcv1.Part) []*llmrpcv1.Delta {
	var deltas, late []*llmrpcv1.Delta
	for place, part := range parts {
		add := func(delta *llmrpcv1.Delta) {
			delta.PartIndex = int32(place)
			deltas = append(deltas, delta)
		}
		pieces := func(text string, each func(string)) {
			runes := []rune(text)
			for len(runes) > 1 {
				end := rand.IntN(len(runes)) // 0: an empty delta is allowed
				each(string(runes[:end]))
				runes = runes[end:]
				if rand.IntN(4) == 0 {
					break
				}
			}
			each(string(runes))
		}
		switch kind := part.GetKind().(type) {
		case *llmrpcv1.Part_Text:
			pieces(kind.Text, func(s string) { add(&llmrpcv1.Delta{Kind: &llmrpcv1.Delta_Text{Text: s}}) })
		case *llmrpcv1.Part_Reasoning:
			pieces(kind.Reasoning, func(s string) { add(&llmrpcv1.Delta{Kind: &llmrpcv1.Delta_Reasoning{Reasoning: s}}) })
		case *llmrpcv1.Part_Refusal:
			pieces(kind.Refusal, func(s string) { add(&llmrpcv1.Delta{Kind: &llmrpcv1.Delta_Refusal{Refusal: s}}) })
		case *llmrpcv1.Part_RedactedReasoning:
			add(&llmrpcv1.Delta{Kind: &llmrpcv1.Delta_RedactedReasoning{RedactedReasoning: kind.RedactedReasoning}})
		case *llmrpcv1.Part_ProviderBlock:
			add(&llmrpcv1.Delta{Kind: &llmrpcv1.Delta_ProviderBlock{ProviderBlock: kind.ProviderBlock}})
		case *llmrpcv1.Part_Image:
			add(&llmrpcv1.Delta{Kind: &llmrpcv1.Delta_Image{Image: kind.Image}})
		case *llmrpcv1.Part_ToolCall:
			start := &llmrpcv1.ToolCall{Id: kind.ToolCall.GetId(), Name: kind.ToolCall.GetName()}
			add(&llmrpcv1.Delta{Kind: &llmrpcv1.Delta_ToolCall{ToolCall: start}})
			pieces(kind.ToolCall.GetArguments(), func(s string) {
				add(&llmrpcv1.Delta{Kind: &llmrpcv1.Delta_ToolCall{ToolCall: &llmrpcv1.ToolCall{Arguments: s}}})
			})
		}
		if signature := part.GetSignature(); signature != nil {
			add(&llmrpcv1.Delta{Kind: &llmrpcv1.Delta_Signature{Signature: signature}})
		}
		for _, annotation := range part.GetAnnotations() {
			if len(late) > 0 || rand.IntN(2) == 0 { // they keep their order
				kind := &llmrpcv1.Delta_Annotation{Annotation: annotation}
				late = append(late, &llmrpcv1.Delta{PartIndex: int32(place), Kind: kind})
			} else {
				add(&llmrpcv1.Delta{Kind: &llmrpcv1.Delta_Annotation{Annotation: annotation}})
			}
		}
	}
	return append(deltas, late...)
}

func TestAnyCutOfAnAnswerAddsUpToIt(t *testing.T) {
	for range 200 {
		var events []*llmrpcv1.StreamEvent
		for _, delta := range cut(answer()) {
			if len(events) == 0 || rand.IntN(3) > 0 {
				events = append(events, &llmrpcv1.StreamEvent{Sequence: int32(len(events) + 1)})
			}
			last := events[len(events)-1]
			last.Deltas = append(last.Deltas, delta)
		}
		events = append(events, completed(int32(len(events)+1), answer()...))
		response, err := llmrpc.Accumulate(each(events...))
		if err != nil || !proto.Equal(response, events[len(events)-1].GetCompleted()) {
			t.Fatal(err)
		}
	}
}

func TestTheAnswerHasEveryKindOfDelta(t *testing.T) {
	var kinds []protoreflect.Name
	for _, part := range answer() {
		message := part.ProtoReflect()
		kinds = append(kinds, message.WhichOneof(message.Descriptor().Oneofs().ByName("kind")).Name())
	}
	fields := (&llmrpcv1.Delta{}).ProtoReflect().Descriptor().Oneofs().ByName("kind").Fields()
	for place := range fields.Len() {
		name := fields.Get(place).Name()
		if name != "signature" && name != "annotation" && !slices.Contains(kinds, name) {
			t.Error("no part of the kind", name)
		}
	}
}

func TestWhatDoesNotAddUpIsInterrupted(t *testing.T) {
	one := text(1, "Hel")
	delta := func(index int32, delta *llmrpcv1.Delta) *llmrpcv1.StreamEvent {
		delta.PartIndex = index
		return &llmrpcv1.StreamEvent{Sequence: 1, Deltas: []*llmrpcv1.Delta{delta}}
	}
	changed := text(2, "")
	changed.Deltas[0].Kind = &llmrpcv1.Delta_Refusal{Refusal: "no"}
	for says, events := range map[string][]*llmrpcv1.StreamEvent{
		"ended without":                       {one},
		"event 3 came for 2":                  {one, completed(3)},
		"behind the completed":                {completed(1), text(2, "a")},
		"part 1 arrived when 0":               {delta(1, &llmrpcv1.Delta{Kind: &llmrpcv1.Delta_Text{}})},
		"part -1 arrived when 0":              {delta(-1, &llmrpcv1.Delta{Kind: &llmrpcv1.Delta_Text{}})},
		"part 0 changed from text to refusal": {one, changed},
	} {
		_, err := llmrpc.Accumulate(each(events...))
		if !errors.Is(err, llmrpc.ErrStreamInterrupted) || !strings.Contains(err.Error(), says) {
			t.Errorf("%q: %v", says, err)
		}
	}
}

func TestTheStreamsOwnErrorComesAsItIs(t *testing.T) {
	broken := errors.New("broken")
	_, err := llmrpc.Accumulate(func(yield func(*llmrpcv1.StreamEvent, error) bool) { yield(nil, broken) })
	if err != broken {
		t.Error(err)
	}
}
