// A scripted service on loopback, for what a real gateway never does.

package llmrpc_test

import (
	"context"
	"net"
	"testing"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"

	llmrpc "github.com/llmrpc/llmrpc/clients/go"
	"github.com/llmrpc/llmrpc/clients/go/llmrpcv1"
)

// limit is how long any wait in a test may take; what is waited for comes far sooner.
const limit = 30 * time.Second

// fake answers by the functions that a test gives it.
type fake struct {
	llmrpcv1.UnimplementedLLMServiceServer
	generate func(context.Context, *llmrpcv1.GenerateRequest) (*llmrpcv1.LLMResponse, error)
	stream   func(*llmrpcv1.GenerateRequest, llmrpcv1.LLMService_StreamTextServer) error
	batch    func(llmrpcv1.LLMService_BatchGenerateServer) error
	models   func(*llmrpcv1.ListModelsRequest) (*llmrpcv1.ListModelsResponse, error)
}

func (f *fake) Generate(ctx context.Context, request *llmrpcv1.GenerateRequest) (*llmrpcv1.LLMResponse, error) {
	return f.generate(ctx, request)
}

func (f *fake) StreamText(request *llmrpcv1.GenerateRequest, stream llmrpcv1.LLMService_StreamTextServer) error {
	return f.stream(request, stream)
}

func (f *fake) BatchGenerate(stream llmrpcv1.LLMService_BatchGenerateServer) error {
	return f.batch(stream)
}

func (f *fake) ListModels(_ context.Context, request *llmrpcv1.ListModelsRequest) (*llmrpcv1.ListModelsResponse, error) {
	return f.models(request)
}

// serve starts the service and gives its address.
func serve(t *testing.T, service *fake, options ...grpc.ServerOption) string {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	start(t, listener, service, options...)
	return listener.Addr().String()
}

// start serves until the test is over.
func start(t *testing.T, listener net.Listener, service *fake, options ...grpc.ServerOption) {
	t.Helper()
	server := grpc.NewServer(options...)
	llmrpcv1.RegisterLLMServiceServer(server, service)
	go func() { _ = server.Serve(listener) }()
	t.Cleanup(server.Stop)
}

// dial makes a client that is closed with the test.
func dial(t *testing.T, address string, options ...llmrpc.Option) *llmrpc.Client {
	t.Helper()
	client, err := llmrpc.Dial(t.Context(), address, options...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = client.Close() })
	return client
}

// dialFake makes a client of a scripted service.
func dialFake(t *testing.T, service *fake, options ...llmrpc.Option) *llmrpc.Client {
	t.Helper()
	return dial(t, serve(t, service), options...)
}

func hello() *llmrpcv1.GenerateRequest {
	return &llmrpcv1.GenerateRequest{Messages: []*llmrpcv1.LLMMessage{llmrpc.User("Hello")}}
}

// play is a stream of these events, and then of err.
func play(err error, events ...*llmrpcv1.StreamEvent) func(*llmrpcv1.GenerateRequest, llmrpcv1.LLMService_StreamTextServer) error {
	return func(_ *llmrpcv1.GenerateRequest, stream llmrpcv1.LLMService_StreamTextServer) error {
		for _, event := range events {
			if err := stream.Send(event); err != nil {
				return err
			}
		}
		return err
	}
}

// text is an event of one text delta.
func text(sequence int32, text string) *llmrpcv1.StreamEvent {
	delta := &llmrpcv1.Delta{Kind: &llmrpcv1.Delta_Text{Text: text}}
	return &llmrpcv1.StreamEvent{Sequence: sequence, Deltas: []*llmrpcv1.Delta{delta}}
}

// completed is an event that ends a stream with these parts.
func completed(sequence int32, parts ...*llmrpcv1.Part) *llmrpcv1.StreamEvent {
	message := &llmrpcv1.LLMMessage{Role: llmrpcv1.Role_ROLE_ASSISTANT, Parts: parts}
	return &llmrpcv1.StreamEvent{Sequence: sequence, Completed: &llmrpcv1.LLMResponse{Message: message}}
}

// refuse makes every Generate end with the status; further metadata goes into its trailers.
func refuse(s *status.Status, trailers ...string) *fake {
	return &fake{generate: func(ctx context.Context, _ *llmrpcv1.GenerateRequest) (*llmrpcv1.LLMResponse, error) {
		// Without this word the client would try an UNAVAILABLE again.
		pairs := append([]string{"grpc-retry-pushback-ms", "-1"}, trailers...)
		if err := grpc.SetTrailer(ctx, metadata.Pairs(pairs...)); err != nil {
			return nil, status.Error(codes.Internal, err.Error())
		}
		return nil, s.Err()
	}}
}

// until waits for a condition that no event tells of.
func until(t *testing.T, what string, condition func() bool) {
	t.Helper()
	for end := time.Now().Add(limit); !condition(); time.Sleep(2 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatal("never: " + what)
		}
	}
}
