package llmrpc_test

import (
	"context"
	"errors"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/proto"

	llmrpc "github.com/llmrpc/llmrpc/clients/go"
	"github.com/llmrpc/llmrpc/clients/go/llmrpcv1"
)

// read gives what a stream of events gave.
func read(client *llmrpc.Client, ctx context.Context) (events []*llmrpcv1.StreamEvent, last error) {
	for event, err := range client.StreamText(ctx, hello()) {
		if err != nil {
			last = err
		} else {
			events = append(events, event)
		}
	}
	return events, last
}

func TestAStreamThatIsNotWholeIsInterrupted(t *testing.T) {
	for name, test := range map[string]struct {
		events []*llmrpcv1.StreamEvent
		says   string
	}{
		"no completed":     {[]*llmrpcv1.StreamEvent{text(1, "a")}, "without its completed response"},
		"nothing":          {nil, "without its completed response"},
		"gap":              {[]*llmrpcv1.StreamEvent{text(1, "a"), text(3, "b")}, "event 3 came for 2"},
		"repeated":         {[]*llmrpcv1.StreamEvent{text(1, "a"), text(1, "b")}, "event 1 came for 2"},
		"behind completed": {[]*llmrpcv1.StreamEvent{completed(1), text(2, "b")}, "behind the completed"},
	} {
		t.Run(name, func(t *testing.T) {
			client := dialFake(t, &fake{stream: play(nil, test.events...)})
			_, err := read(client, t.Context())
			if !errors.Is(err, llmrpc.ErrStreamInterrupted) || !strings.Contains(err.Error(), test.says) {
				t.Fatal(err)
			}
			failed, _ := errors.AsType[*llmrpc.Error](err)
			if failed.RequestID == "" || failed.Retryable() || failed.Code != codes.Unavailable {
				t.Fatalf("%+v", *failed)
			}
		})
	}
}

func TestAConnectionLostBehindTheFirstEventInterruptsTheStream(t *testing.T) {
	for _, code := range []codes.Code{codes.Unavailable, codes.Internal, codes.Unknown, codes.Canceled, codes.DataLoss} {
		client := dialFake(t, &fake{stream: play(status.Error(code, "gone"), text(1, "a"))})
		events, err := read(client, t.Context())
		if len(events) != 1 || !errors.Is(err, llmrpc.ErrStreamInterrupted) {
			t.Fatal(code, events, err)
		}
	}
}

func TestAGatewayThatEndsAStreamInTheMiddleTellsWhy(t *testing.T) {
	usage := &llmrpcv1.Usage{OutputTokens: 7}
	why := detailed(t, codes.Unavailable,
		&errdetails.ErrorInfo{Reason: "PROVIDER_OVERLOADED", Domain: "llmrpc"},
		&llmrpcv1.ErrorDetails{RequestId: "theirs", Usage: usage})
	_, err := read(dialFake(t, &fake{stream: play(why.Err(), text(1, "a"))}), t.Context())
	failed, _ := errors.AsType[*llmrpc.Error](err)
	if failed.Kind != llmrpc.KindProviderNotAvailable || failed.Reason != "PROVIDER_OVERLOADED" ||
		failed.RequestID != "theirs" || !proto.Equal(failed.Usage, usage) {
		t.Errorf("%+v", *failed)
	}
}

func TestASlowReaderGetsAllThatCameBeforeItBroke(t *testing.T) {
	const many = 300
	events := make([]*llmrpcv1.StreamEvent, many)
	for i := range events {
		events[i] = text(int32(i+1), "x")
	}
	client := dialFake(t, &fake{stream: play(status.Error(codes.Unavailable, "gone"), events...)})
	seen, last := 0, error(nil)
	for _, err := range client.StreamText(t.Context(), hello()) {
		if last = err; err == nil {
			seen++
			time.Sleep(time.Millisecond)
		}
	}
	if seen != many || !errors.Is(last, llmrpc.ErrStreamInterrupted) {
		t.Error(seen, last)
	}
}

func TestTextGivesTextAlone(t *testing.T) {
	reasoning := &llmrpcv1.Delta{Kind: &llmrpcv1.Delta_Reasoning{Reasoning: "hm"}}
	thinking := &llmrpcv1.StreamEvent{Sequence: 1, Deltas: []*llmrpcv1.Delta{reasoning}}
	both := text(2, "Hel")
	both.Deltas = append(both.Deltas, text(0, "lo").Deltas...)
	client := dialFake(t, &fake{stream: play(nil, thinking, both, completed(3))})
	var pieces []string
	for piece, err := range client.Text(t.Context(), hello()) {
		if err != nil {
			t.Fatal(err)
		}
		pieces = append(pieces, piece)
	}
	if !slices.Equal(pieces, []string{"Hel", "lo"}) {
		t.Fatal(pieces)
	}
}

func TestTextThatBreaksIsAnError(t *testing.T) {
	client := dialFake(t, &fake{stream: play(nil, text(1, "Hel"))})
	var pieces []string
	var last error
	for piece, err := range client.Text(t.Context(), hello()) {
		if last = err; err == nil {
			pieces = append(pieces, piece)
		}
	}
	if !slices.Equal(pieces, []string{"Hel"}) || !errors.Is(last, llmrpc.ErrStreamInterrupted) {
		t.Fatal(pieces, last)
	}
}

// endless streams until its call is canceled, and then says so.
func endless(canceled chan<- struct{}) *fake {
	return &fake{stream: func(_ *llmrpcv1.GenerateRequest, stream llmrpcv1.LLMService_StreamTextServer) error {
		_ = stream.Send(text(1, "a"))
		<-stream.Context().Done()
		canceled <- struct{}{}
		return status.FromContextError(stream.Context().Err()).Err() // a good end could overtake the deadline
	}}
}

func received(t *testing.T, signal <-chan struct{}) {
	t.Helper()
	select {
	case <-signal:
	case <-time.After(limit):
		t.Fatal("it never came")
	}
}

func TestALoopThatIsLeftEarlyCancelsItsCallAndLeavesNoGoroutine(t *testing.T) {
	canceled := make(chan struct{}, 1)
	client := dialFake(t, endless(canceled))
	leave := func() {
		for _, err := range client.StreamText(t.Context(), hello()) {
			if err != nil {
				t.Fatal(err)
			}
			break
		}
		received(t, canceled)
		for range client.Text(t.Context(), hello()) {
			break
		}
		received(t, canceled)
	}
	leave() // the connection and its goroutines are made
	before := runtime.NumGoroutine()
	for range 20 {
		leave()
	}
	until(t, "as many goroutines as before", func() bool { return runtime.NumGoroutine() <= before })
}

func TestTheCallersContextEndsAStream(t *testing.T) {
	canceled := make(chan struct{}, 1)
	client := dialFake(t, endless(canceled))
	why := errors.New("the reader has gone")
	ctx, cancel := context.WithCancelCause(t.Context())
	defer cancel(nil)
	var last error
	for _, err := range client.StreamText(ctx, hello()) {
		cancel(why)
		last = err
	}
	received(t, canceled)
	failed, ok := errors.AsType[*llmrpc.Error](last)
	if !ok || failed.Kind != llmrpc.KindCanceled || failed.Code != codes.Canceled || failed.Retryable() {
		t.Fatal(last)
	}
	if !errors.Is(last, context.Canceled) || !errors.Is(last, why) || errors.Is(last, llmrpc.ErrStreamInterrupted) {
		t.Fatal(last)
	}
}

func TestTheDeadlineEndsAStream(t *testing.T) {
	client := dialFake(t, endless(make(chan struct{}, 2)), llmrpc.WithTimeout(50*time.Millisecond))
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
	defer cancel()
	for _, ctx := range []context.Context{t.Context(), ctx} {
		_, err := read(client, ctx)
		if !errors.Is(err, llmrpc.ErrGenerationTimeout) || !errors.Is(err, context.DeadlineExceeded) {
			t.Fatal(err)
		}
	}
}

func TestAClientThatIsClosedInterruptsItsStreams(t *testing.T) {
	client := dialFake(t, endless(make(chan struct{}, 1)))
	var last error
	for _, err := range client.StreamText(t.Context(), hello()) {
		last = err
		_ = client.Close()
	}
	if !errors.Is(last, llmrpc.ErrStreamInterrupted) || !strings.Contains(last.Error(), "client was closed") {
		t.Fatal(last)
	}
	if _, err := client.Generate(t.Context(), hello()); err == nil || !strings.Contains(err.Error(), "client was closed") {
		t.Fatal(err)
	}
}
