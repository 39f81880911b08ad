package llmrpc_test

import (
	"errors"
	"iter"
	"math/rand/v2"
	"strings"
	"testing"

	"google.golang.org/protobuf/proto"

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

// answer has a part of every kind, signed ones too.
func answer() []*llmrpcv1.Part {
	signature := func(data string) *llmrpcv1.Signature {
		return &llmrpcv1.Signature{Provider: "anthropic", Data: data}
	}
	call := func(id, arguments string) *llmrpcv1.Part_ToolCall {
		return &llmrpcv1.Part_ToolCall{ToolCall: &llmrpcv1.ToolCall{Id: id, Name: "weather", Arguments: arguments}}
	}
	return []*llmrpcv1.Part{
		{Kind: &llmrpcv1.Part_Reasoning{Reasoning: "first 🤔 then"}, Signature: signature("one")},
		{Kind: &llmrpcv1.Part_RedactedReasoning{RedactedReasoning: "xyz"}},
		{Kind: &llmrpcv1.Part_Reasoning{}, Signature: signature("two")},
		{Kind: &llmrpcv1.Part_Text{Text: "Здравствуй, 世界"}},
		{Kind: call("a", `{"city": "Lyon"}`), Signature: signature("three")},
		{Kind: call("b", "")},
		{Kind: &llmrpcv1.Part_Refusal{Refusal: "no"}},
	}
}

// cut makes deltas of the parts, with their texts cut at random.
func cut(parts []*llmrpcv1.Part) []*llmrpcv1.Delta {
	var deltas []*llmrpcv1.Delta
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
	}
	return deltas
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
		"do not add up":                       {one, completed(2, llmrpc.Text("Hello"))},
		"add up to":                           {one, completed(2, llmrpc.Text("Hel"), llmrpc.Text(""))},
		"part 1 came while 0":                 {delta(1, &llmrpcv1.Delta{Kind: &llmrpcv1.Delta_Text{}})},
		"part -1 came while 0":                {delta(-1, &llmrpcv1.Delta{Kind: &llmrpcv1.Delta_Text{}})},
		"part 0 came while 0 parts":           {delta(0, &llmrpcv1.Delta{Kind: &llmrpcv1.Delta_Signature{}})},
		"part 0 changed from text to refusal": {one, changed},
	} {
		_, err := llmrpc.Accumulate(each(events...))
		if !errors.Is(err, llmrpc.ErrStreamInterrupted) || !strings.Contains(err.Error(), says) {
			t.Errorf("%q: %v", says, err)
		}
	}
}

func TestAKindThatIsNewerThanThisClientIsPassedBy(t *testing.T) {
	newer := text(1, "Hel")
	newer.Deltas = append(newer.Deltas, &llmrpcv1.Delta{})
	if _, err := llmrpc.Accumulate(each(newer, completed(2, llmrpc.Text("Hel")))); err != nil {
		t.Error(err)
	}
}

func TestTheStreamsOwnErrorComesAsItIs(t *testing.T) {
	broken := errors.New("broken")
	_, err := llmrpc.Accumulate(func(yield func(*llmrpcv1.StreamEvent, error) bool) { yield(nil, broken) })
	if err != broken {
		t.Error(err)
	}
}
