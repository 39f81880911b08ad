package llmrpc_test

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/resolver"
	"google.golang.org/grpc/resolver/manual"
	"google.golang.org/grpc/status"

	llmrpc "github.com/llmrpc/llmrpc/clients/go"
	"github.com/llmrpc/llmrpc/clients/go/llmrpcv1"
)

// listen answers every Generate, and hands over the metadata that came with it.
func listen(seen *metadata.MD) *fake {
	return &fake{generate: func(ctx context.Context, _ *llmrpcv1.GenerateRequest) (*llmrpcv1.LLMResponse, error) {
		*seen, _ = metadata.FromIncomingContext(ctx)
		return &llmrpcv1.LLMResponse{}, nil
	}}
}

func TestWhatTravelsWithACall(t *testing.T) {
	var seen metadata.MD
	client := dialFake(t, listen(&seen), llmrpc.WithToken("the-key"))
	ctx := metadata.AppendToOutgoingContext(t.Context(), "of-context", "kept")
	_, err := client.Generate(ctx, hello(), llmrpc.WithTraceContext("00-1-2-01", "a=b"), llmrpc.WithMetadata("More", "m"))
	if err != nil {
		t.Fatal(err)
	}
	for key, want := range map[string]string{
		"authorization": "Bearer the-key", "traceparent": "00-1-2-01", "tracestate": "a=b",
		"more": "m", "of-context": "kept",
	} {
		if got := seen.Get(key); len(got) != 1 || got[0] != want {
			t.Error(key, got)
		}
	}
	if agent := seen.Get("user-agent"); !strings.HasPrefix(agent[0], "llmrpc-go ") {
		t.Error(agent)
	}
	first := seen.Get("x-request-id")[0]
	if _, err := client.Generate(ctx, hello()); err != nil || len(first) != 32 || seen.Get("x-request-id")[0] == first {
		t.Error(err, first, seen)
	}
	if _, err := client.Generate(ctx, hello(), llmrpc.WithRequestID("mine")); err != nil || seen.Get("x-request-id")[0] != "mine" {
		t.Error(err, seen)
	}
}

func TestWhatNoHeaderCanCarryIsRefused(t *testing.T) {
	client := dialFake(t, listen(new(metadata.MD)))
	_, err := client.Generate(t.Context(), hello(), llmrpc.WithRequestID("two\nlines"))
	if !errors.Is(err, llmrpc.ErrInvalidRequest) || !strings.Contains(err.Error(), "x-request-id") {
		t.Error(err)
	}
	for _, err := range client.StreamText(t.Context(), hello(), llmrpc.WithMetadata("note", "é")) {
		if !errors.Is(err, llmrpc.ErrInvalidRequest) {
			t.Error(err)
		}
	}
}

func TestTheDeadlineTravels(t *testing.T) {
	var left time.Duration
	client := dialFake(t, &fake{generate: func(ctx context.Context, _ *llmrpcv1.GenerateRequest) (*llmrpcv1.LLMResponse, error) {
		end, _ := ctx.Deadline()
		left = time.Until(end)
		return &llmrpcv1.LLMResponse{}, nil
	}}, llmrpc.WithTimeout(time.Hour))
	if _, err := client.Generate(t.Context(), hello()); err != nil || left < 50*time.Minute {
		t.Error(err, left)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Hour)
	defer cancel()
	if _, err := client.Generate(ctx, hello()); err != nil || left < 4*time.Hour {
		t.Error(err, left)
	}
}

func TestAGatewayThatIsNotAvailableIsTriedFourTimes(t *testing.T) {
	var tries atomic.Int32
	client := dialFake(t, &fake{generate: func(context.Context, *llmrpcv1.GenerateRequest) (*llmrpcv1.LLMResponse, error) {
		if tries.Add(1) < 4 {
			return nil, status.Error(codes.Unavailable, "starting")
		}
		return &llmrpcv1.LLMResponse{Content: "there"}, nil
	}})
	large := hello()
	large.Messages[0].Content = strings.Repeat("x", 1<<20)
	response, err := client.Generate(t.Context(), large)
	if err != nil || response.GetContent() != "there" || tries.Load() != 4 {
		t.Error(response, err, tries.Load())
	}
}

func TestOnlyUnavailableAndCanceledAreTriedAgain(t *testing.T) {
	var code codes.Code
	var tries atomic.Int32
	client := dialFake(t, &fake{generate: func(context.Context, *llmrpcv1.GenerateRequest) (*llmrpcv1.LLMResponse, error) {
		tries.Add(1)
		return nil, status.Error(code, "no")
	}})
	for code = codes.Canceled; code <= codes.Unauthenticated; code++ {
		tries.Store(0)
		again := code == codes.Unavailable || code == codes.Canceled
		if _, err := client.Generate(t.Context(), hello()); err == nil || again != (tries.Load() > 1) {
			t.Error(code, err, tries.Load())
		}
	}
}

func TestAGatewayThatIsBackIsFoundSoon(t *testing.T) {
	folder, err := os.MkdirTemp("", "llmrpc") // t.TempDir is longer than the name of a socket may be
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = os.RemoveAll(folder) }()
	address := filepath.Join(folder, "gateway")
	client := dial(t, "unix:"+address)
	if _, err := client.Generate(t.Context(), hello()); !errors.Is(err, llmrpc.ErrProviderNotAvailable) {
		t.Fatal(err)
	}
	listener, err := net.Listen("unix", address)
	if err != nil {
		t.Fatal(err)
	}
	start(t, listener, listen(new(metadata.MD)))
	until(t, "it answers", func() bool {
		_, err := client.Generate(t.Context(), hello())
		return err == nil
	})
}

func TestWhoAnswersForTheNameDoesNotChooseTheRetries(t *testing.T) {
	var tries atomic.Int32
	address := serve(t, &fake{generate: func(context.Context, *llmrpcv1.GenerateRequest) (*llmrpcv1.LLMResponse, error) {
		tries.Add(1)
		return nil, status.Error(codes.Unavailable, "down")
	}})
	names := manual.NewBuilderWithScheme("names")
	resolver.Register(names)
	names.BuildCallback = func(_ resolver.Target, conn resolver.ClientConn, _ resolver.BuildOptions) {
		_ = conn.UpdateState(resolver.State{
			Addresses:     []resolver.Address{{Addr: address}},
			ServiceConfig: conn.ParseServiceConfig(`{}`),
		})
	}
	if _, err := dial(t, "names:///gateway").Generate(t.Context(), hello()); err == nil || tries.Load() != 4 {
		t.Error(err, tries.Load())
	}
}

func TestNothingIsTriedAgainOnceAnEventHasCome(t *testing.T) {
	var tries atomic.Int32
	client := dialFake(t, &fake{stream: func(r *llmrpcv1.GenerateRequest, stream llmrpcv1.LLMService_StreamTextServer) error {
		tries.Add(1)
		return play(status.Error(codes.Unavailable, "gone"), text(1, "a"))(r, stream)
	}})
	if _, err := read(client, t.Context()); !errors.Is(err, llmrpc.ErrStreamInterrupted) || tries.Load() != 1 {
		t.Error(err, tries.Load())
	}
}

func TestTheMessageBehindTheLastTryIsTheGateways(t *testing.T) {
	client := dialFake(t, &fake{generate: func(context.Context, *llmrpcv1.GenerateRequest) (*llmrpcv1.LLMResponse, error) {
		return nil, detailed(t, codes.Unavailable, &llmrpcv1.ErrorDetails{RequestId: "theirs"}).Err()
	}})
	_, err := client.Generate(t.Context(), hello())
	if failed, _ := errors.AsType[*llmrpc.Error](err); failed.Message != "the message" || status.Convert(err).Message() != "the message" {
		t.Error(err)
	}
}

func TestTheGatewaysPushbackIsObeyed(t *testing.T) {
	var tries atomic.Int32
	service := refuse(status.New(codes.Unavailable, "spent"))
	said := service.generate
	service.generate = func(ctx context.Context, request *llmrpcv1.GenerateRequest) (*llmrpcv1.LLMResponse, error) {
		tries.Add(1)
		return said(ctx, request)
	}
	_, err := dialFake(t, service).Generate(t.Context(), hello())
	if !errors.Is(err, llmrpc.ErrProviderNotAvailable) || tries.Load() != 1 {
		t.Error(err, tries.Load())
	}
}

func TestAServiceConfigOfOnesOwn(t *testing.T) {
	var tries atomic.Int32
	service := &fake{generate: func(context.Context, *llmrpcv1.GenerateRequest) (*llmrpcv1.LLMResponse, error) {
		tries.Add(1)
		return nil, status.Error(codes.Unavailable, "down")
	}}
	client := dialFake(t, service, llmrpc.WithServiceConfig(`{"loadBalancingConfig": [{"round_robin": {}}]}`))
	if _, err := client.Generate(t.Context(), hello()); err == nil || tries.Load() != 1 {
		t.Error(err, tries.Load())
	}
	if _, err := llmrpc.Dial(t.Context(), "", llmrpc.WithServiceConfig("{")); err == nil {
		t.Error("a service config that is no JSON was taken")
	}
}

func TestMessagesUpToTheBoundAreTaken(t *testing.T) {
	big := strings.Repeat("x", 5<<20)
	address := serve(t, &fake{generate: func(context.Context, *llmrpcv1.GenerateRequest) (*llmrpcv1.LLMResponse, error) {
		return &llmrpcv1.LLMResponse{Content: big}, nil
	}}, grpc.MaxRecvMsgSize(llmrpc.MaxMessageBytes))
	request := hello()
	request.Messages[0].Content = big
	response, err := dial(t, address).Generate(t.Context(), request)
	if err != nil || len(response.GetContent()) != len(big) {
		t.Fatal(err)
	}
	small := dial(t, address, llmrpc.WithDialOptions(grpc.WithDefaultCallOptions(
		grpc.MaxCallRecvMsgSize(1<<20), grpc.MaxCallSendMsgSize(6<<20))))
	_, err = small.Generate(t.Context(), request)
	if !errors.Is(err, llmrpc.ErrInvalidRequest) || !strings.Contains(err.Error(), "this client takes at most 1048576") {
		t.Error(err)
	}
	request.Messages[0].Content = big + big
	_, err = small.Generate(t.Context(), request)
	if !errors.Is(err, llmrpc.ErrInvalidRequest) || !strings.Contains(err.Error(), "this client sends at most 6291456") {
		t.Error(err)
	}
}

// ending is a context whose deadline passes when its channel is closed.
type ending struct {
	context.Context
	end <-chan struct{}
}

func (e ending) Done() <-chan struct{} { return e.end }

func (e ending) Err() error {
	select {
	case <-e.end:
		return context.DeadlineExceeded
	default:
		return nil
	}
}

func TestDialWaitsWhereItIsAsked(t *testing.T) {
	address := serve(t, &fake{})
	dial(t, address, llmrpc.WithWait()) // no health service there: an answer all the same

	end := make(chan struct{})
	ctx := ending{t.Context(), end}
	var tries atomic.Int32
	trying := func(ctx context.Context, address string) (net.Conn, error) {
		if tries.Add(1) == 2 { // the first is over
			close(end)
		}
		return new(net.Dialer).DialContext(ctx, "tcp", address)
	}
	client, err := llmrpc.Dial(ctx, unused(t), llmrpc.WithWait(), llmrpc.WithDialOptions(grpc.WithContextDialer(trying)))
	if client != nil || !errors.Is(err, llmrpc.ErrGenerationTimeout) || !errors.Is(err, context.DeadlineExceeded) ||
		!strings.Contains(err.Error(), "connection refused") {
		t.Error(client, err)
	}
	if client, err = llmrpc.Dial(ctx, address); client != nil || !errors.Is(err, context.DeadlineExceeded) {
		t.Error(client, err)
	}
}

func TestDialWaitsLongerThanACall(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	time.AfterFunc(100*time.Millisecond, cancel)
	_, err := llmrpc.Dial(ctx, unused(t), llmrpc.WithWait(), llmrpc.WithTimeout(time.Millisecond))
	if !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
}

func TestNoSecretIsWritten(t *testing.T) {
	option := llmrpc.WithToken("the-key")
	client := dialFake(t, listen(new(metadata.MD)), option)
	for _, verb := range []string{"%v", "%+v", "%#v", "%s"} {
		if written := fmt.Sprintf(verb+verb, client, option); strings.Contains(written, "the-key") {
			t.Error(verb, written)
		}
	}
}
