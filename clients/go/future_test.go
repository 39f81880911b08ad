// Streams of a gateway that is newer than this client, made field by field: a kind or a
// field that v1 lacks is only a number on the wire.

package llmrpc_test

import (
	"bytes"
	"context"
	"errors"
	"slices"
	"strings"
	"testing"

	"google.golang.org/protobuf/encoding/protowire"
	"google.golang.org/protobuf/proto"

	llmrpc "github.com/llmrpc/llmrpc/clients/go"
	"github.com/llmrpc/llmrpc/clients/go/llmrpcv1"
)

// future is a field number that v1 uses nowhere.
const future = 100

// withNews is the message with a field that this client does not know.
func withNews[M proto.Message](message M) M {
	wire := protowire.AppendTag(nil, future, protowire.BytesType)
	wire = protowire.AppendString(wire, "news")
	if err := (proto.UnmarshalOptions{Merge: true}).Unmarshal(wire, message); err != nil {
		panic(err)
	}
	return message
}

// newPart and newDelta are of a kind that this client does not know.
func newPart() *llmrpcv1.Part { return withNews(&llmrpcv1.Part{}) }

func newDelta(index int32) *llmrpcv1.Delta { return withNews(&llmrpcv1.Delta{PartIndex: index}) }

func textDelta(index int32, text string) *llmrpcv1.Delta {
	return &llmrpcv1.Delta{PartIndex: index, Kind: &llmrpcv1.Delta_Text{Text: text}}
}

func signed(index int32) *llmrpcv1.Delta {
	kind := &llmrpcv1.Delta_Signature{Signature: &llmrpcv1.Signature{Provider: "p", Data: "s"}}
	return &llmrpcv1.Delta{PartIndex: index, Kind: kind}
}

func cited() *llmrpcv1.Annotation {
	return &llmrpcv1.Annotation{Provider: "p", Url: "https://example.com/"}
}

func citing(index int32) *llmrpcv1.Delta {
	return &llmrpcv1.Delta{PartIndex: index, Kind: &llmrpcv1.Delta_Annotation{Annotation: cited()}}
}

func refusal(text string) *llmrpcv1.Part {
	return &llmrpcv1.Part{Kind: &llmrpcv1.Part_Refusal{Refusal: text}}
}

func called(call *llmrpcv1.ToolCall) *llmrpcv1.Part {
	return &llmrpcv1.Part{Kind: &llmrpcv1.Part_ToolCall{ToolCall: call}}
}

func calling(index int32, call *llmrpcv1.ToolCall) *llmrpcv1.Delta {
	return &llmrpcv1.Delta{PartIndex: index, Kind: &llmrpcv1.Delta_ToolCall{ToolCall: call}}
}

func weather() *llmrpcv1.ToolCall { return &llmrpcv1.ToolCall{Id: "c", Name: "f", Arguments: "{}"} }

// onePerEvent puts each delta into an event of its own; parts complete the stream.
func onePerEvent(deltas []*llmrpcv1.Delta, parts []*llmrpcv1.Part) []*llmrpcv1.StreamEvent {
	var events []*llmrpcv1.StreamEvent
	for place, delta := range deltas {
		event := &llmrpcv1.StreamEvent{Sequence: int32(place + 1), Deltas: []*llmrpcv1.Delta{delta}}
		events = append(events, event)
	}
	return append(events, completed(int32(len(events)+1), parts...))
}

func TestAStreamOfANewerGatewayAddsUp(t *testing.T) {
	for name, stream := range map[string]struct {
		deltas []*llmrpcv1.Delta
		parts  []*llmrpcv1.Part
	}{
		"an unknown part between known ones": {
			[]*llmrpcv1.Delta{textDelta(0, "Hello"), newDelta(1), newDelta(1), textDelta(2, "!")},
			[]*llmrpcv1.Part{llmrpc.Text("Hello"), newPart(), llmrpc.Text("!")},
		},
		"an unknown part that is known when it is complete": {
			[]*llmrpcv1.Delta{newDelta(0), textDelta(1, "Hello")},
			[]*llmrpcv1.Part{refusal("no"), llmrpc.Text("Hello")},
		},
		"a known part that is unknown when it is complete": {
			[]*llmrpcv1.Delta{textDelta(0, "lost"), textDelta(1, "Hello")},
			[]*llmrpcv1.Part{newPart(), llmrpc.Text("Hello")},
		},
		"an unknown delta of a known part": {
			[]*llmrpcv1.Delta{textDelta(0, "Hel"), newDelta(0), textDelta(0, "lo")},
			[]*llmrpcv1.Part{llmrpc.Text("Hello")},
		},
		"known deltas of an unknown part": {
			[]*llmrpcv1.Delta{newDelta(0), signed(0), citing(0), textDelta(0, "x"),
				calling(0, weather()), textDelta(1, "Hello")},
			[]*llmrpcv1.Part{newPart(), llmrpc.Text("Hello")},
		},
		"unknown fields, also inside": {
			[]*llmrpcv1.Delta{textDelta(0, "Hello"), calling(1, weather())},
			[]*llmrpcv1.Part{withNews(llmrpc.Text("Hello")), withNews(called(withNews(weather())))},
		},
		"unknown fields of what deltas bring": {
			[]*llmrpcv1.Delta{withNews(textDelta(0, "Hello")), calling(1, withNews(weather())),
				{PartIndex: 0, Kind: &llmrpcv1.Delta_Annotation{Annotation: withNews(cited())}}},
			[]*llmrpcv1.Part{
				{Kind: llmrpc.Text("Hello").Kind, Annotations: []*llmrpcv1.Annotation{cited()}},
				called(weather()),
			},
		},
		"an unknown part that no delta announced": {
			[]*llmrpcv1.Delta{textDelta(0, "Hello")},
			[]*llmrpcv1.Part{llmrpc.Text("Hello"), newPart()},
		},
	} {
		t.Run(name, func(t *testing.T) {
			events := onePerEvent(stream.deltas, stream.parts)
			response, err := llmrpc.Accumulate(each(events...))
			if err != nil {
				t.Fatal(err)
			}
			if response != events[len(events)-1].GetCompleted() {
				t.Error("it is not the completed response as it came:", response)
			}
		})
	}
}

func TestWhatIsLostOfANewerStreamIsAnError(t *testing.T) {
	redacted := &llmrpcv1.Delta{Kind: &llmrpcv1.Delta_RedactedReasoning{RedactedReasoning: "r"}}
	block := &llmrpcv1.ProviderBlock{Provider: "p", Type: "t", Data: "{}"}
	whole := &llmrpcv1.Delta{Kind: &llmrpcv1.Delta_ProviderBlock{ProviderBlock: block}}
	image := &llmrpcv1.Delta{Kind: &llmrpcv1.Delta_Image{Image: &llmrpcv1.Image{MediaType: "image/png"}}}
	hello := llmrpc.Text("Hello")
	for name, stream := range map[string]struct {
		deltas []*llmrpcv1.Delta
		parts  []*llmrpcv1.Part
		says   string
	}{
		"an unknown part skipped":     {[]*llmrpcv1.Delta{newDelta(1)}, nil, "part 1 arrived when 0"},
		"a signature of nothing":      {[]*llmrpcv1.Delta{signed(0)}, nil, "part 0 arrived when 0"},
		"an annotation of nothing":    {[]*llmrpcv1.Delta{citing(0)}, nil, "part 0 arrived when 0"},
		"a second redacted reasoning": {[]*llmrpcv1.Delta{redacted, redacted}, nil, "a second redacted_reasoning"},
		"a second provider block":     {[]*llmrpcv1.Delta{whole, whole}, nil, "a second provider_block arrived for part 0"},
		"a second image":              {[]*llmrpcv1.Delta{image, image}, nil, "a second image"},
		"another kind":                {[]*llmrpcv1.Delta{whole, image}, nil, "from provider_block to image"},
		"an unknown part lost": {
			[]*llmrpcv1.Delta{textDelta(0, "Hello"), newDelta(1)}, []*llmrpcv1.Part{hello},
			"the deltas made 2 parts, and the completed message has 1",
		},
		"a known part that no delta announced": {
			[]*llmrpcv1.Delta{textDelta(0, "Hello")}, []*llmrpcv1.Part{hello, newPart(), hello},
			"the deltas made 1 parts, and the completed message has 3",
		},
		"another text": {
			[]*llmrpcv1.Delta{textDelta(0, "Hallo")}, []*llmrpcv1.Part{withNews(llmrpc.Text("Hello"))},
			"do not add up to part 0",
		},
		"another kind in the end": {
			[]*llmrpcv1.Delta{textDelta(0, "Hello")}, []*llmrpcv1.Part{refusal("Hello")}, "do not add up to part 0",
		},
		"a lost annotation": {
			[]*llmrpcv1.Delta{newDelta(0), textDelta(1, "Hello")},
			[]*llmrpcv1.Part{newPart(), {Kind: hello.Kind, Annotations: []*llmrpcv1.Annotation{cited()}}},
			"do not add up to part 1",
		},
		"a lost signature": {
			[]*llmrpcv1.Delta{textDelta(0, "Hello"), signed(0)}, []*llmrpcv1.Part{hello}, "do not add up to part 0",
		},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := llmrpc.Accumulate(each(onePerEvent(stream.deltas, stream.parts)...))
			if !errors.Is(err, llmrpc.ErrStreamInterrupted) || !strings.Contains(err.Error(), stream.says) {
				t.Error(err)
			}
		})
	}
}

// again is a stream that starts again, after waiting for it.
func again() []*llmrpcv1.StreamEvent {
	return []*llmrpcv1.StreamEvent{
		{Sequence: 1, Waiting: &llmrpcv1.Waiting{Reason: llmrpcv1.Waiting_REASON_QUEUED}},
		{Sequence: 2, Deltas: []*llmrpcv1.Delta{textDelta(0, "Lost"), newDelta(1)}},
		{Sequence: 3, Restarted: &llmrpcv1.Restarted{}, Deltas: []*llmrpcv1.Delta{textDelta(0, "Hel")}},
		withNews(&llmrpcv1.StreamEvent{Sequence: 4}),
		{Sequence: 5, Deltas: []*llmrpcv1.Delta{newDelta(1), textDelta(0, "lo")}},
		completed(6, llmrpc.Text("Hello"), newPart()),
	}
}

func TestARestartForgetsAllParts(t *testing.T) {
	response, err := llmrpc.Accumulate(each(again()...))
	if err != nil || response.GetMessage().GetParts()[0].GetText() != "Hello" {
		t.Error(response, err)
	}
}

func TestTextSkipsWhatItDoesNotKnow(t *testing.T) {
	client := dialFake(t, &fake{stream: play(nil, again()...)})
	var pieces []string
	for piece, err := range client.Text(t.Context(), hello()) {
		if err != nil {
			t.Fatal(err)
		}
		pieces = append(pieces, piece)
	}
	if !slices.Equal(pieces, []string{"Lost", "Hel", "lo"}) {
		t.Error(pieces)
	}
}

func TestASecondTurnSendsBackWhatItDidNotUnderstand(t *testing.T) {
	parts := func() []*llmrpcv1.Part {
		return []*llmrpcv1.Part{newPart(), withNews(called(withNews(weather())))}
	}
	stream := play(nil, onePerEvent([]*llmrpcv1.Delta{newDelta(0), calling(1, weather())}, parts())...)
	var got []*llmrpcv1.Part
	generate := func(_ context.Context, request *llmrpcv1.GenerateRequest) (*llmrpcv1.LLMResponse, error) {
		got = request.GetMessages()[1].GetParts()
		return &llmrpcv1.LLMResponse{}, nil
	}
	client := dialFake(t, &fake{stream: stream, generate: generate})
	request := hello()
	response, err := llmrpc.Accumulate(client.StreamText(t.Context(), request))
	if err != nil {
		t.Fatal(err)
	}
	request.Messages = append(request.Messages, response.GetMessage())
	history, err := proto.Marshal(request)
	if err != nil {
		t.Fatal(err)
	}
	restored := &llmrpcv1.GenerateRequest{}
	if err := proto.Unmarshal(history, restored); err != nil {
		t.Fatal(err)
	}
	for name, request := range map[string]*llmrpcv1.GenerateRequest{"kept": request, "restored": restored} {
		if _, err := client.Generate(t.Context(), request); err != nil {
			t.Fatal(err)
		}
		sameBytes := func(a, b *llmrpcv1.Part) bool { return bytes.Equal(wire(t, a), wire(t, b)) }
		if !slices.EqualFunc(got, parts(), sameBytes) {
			t.Error(name, got)
		}
	}
}

func wire(t *testing.T, message proto.Message) []byte {
	t.Helper()
	written, err := proto.MarshalOptions{Deterministic: true}.Marshal(message)
	if err != nil {
		t.Fatal(err)
	}
	return written
}
