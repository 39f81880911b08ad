package llmrpc_test

import (
	"errors"
	"fmt"
	"net"
	"slices"
	"strings"
	"testing"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/health"
	healthpb "google.golang.org/grpc/health/grpc_health_v1"
	"google.golang.org/grpc/status"

	llmrpc "github.com/llmrpc/llmrpc/clients/go"
	"github.com/llmrpc/llmrpc/clients/go/llmrpcv1"
)

// pages are lists of models by their tokens; each request is kept in asked.
func pages(next map[string]string, asked *[]*llmrpcv1.ListModelsRequest) *fake {
	return &fake{models: func(request *llmrpcv1.ListModelsRequest) (*llmrpcv1.ListModelsResponse, error) {
		*asked = append(*asked, request)
		token := request.GetPageToken()
		to, known := next[token]
		if !known {
			return nil, status.Error(codes.InvalidArgument, "no such page")
		}
		return &llmrpcv1.ListModelsResponse{Models: []*llmrpcv1.Model{{Name: "model" + token}}, NextPageToken: to}, nil
	}}
}

func names(client *llmrpc.Client, t *testing.T) (names []string, last error) {
	for model, err := range client.Models(t.Context(), "tools") {
		if last = err; err == nil {
			names = append(names, model.GetName())
		}
	}
	return names, last
}

func TestModelsComeFromAllPages(t *testing.T) {
	var asked []*llmrpcv1.ListModelsRequest
	client := dialFake(t, pages(map[string]string{"": "1", "1": "2", "2": ""}, &asked))
	got, err := names(client, t)
	if err != nil || !slices.Equal(got, []string{"model", "model1", "model2"}) {
		t.Error(got, err)
	}
	for _, request := range asked {
		if request.GetFilter() != "tools" || request.GetPageSize() != 1000 {
			t.Error(request)
		}
	}
	for range client.Models(t.Context(), "") {
		break
	}
	if len(asked) != 4 {
		t.Error("a page that nobody read was asked for", len(asked))
	}
}

func TestPagesWithoutAnEndAreAnError(t *testing.T) {
	var asked []*llmrpcv1.ListModelsRequest
	client := dialFake(t, pages(map[string]string{"": "1", "1": "2", "2": "1"}, &asked))
	if got, err := names(client, t); len(got) != 3 || err == nil || !strings.Contains(err.Error(), "a page it had before") {
		t.Error(got, err)
	}
	endless := map[string]string{}
	for place := range 1100 {
		endless[strings.TrimPrefix(fmt.Sprint(place), "0")] = fmt.Sprint(place + 1)
	}
	client = dialFake(t, pages(endless, &asked))
	if got, err := names(client, t); len(got) < 1000 || err == nil || !strings.Contains(err.Error(), "more than 1000 pages") {
		t.Error(len(got), err)
	}
	client = dialFake(t, pages(map[string]string{"": "lost"}, &asked))
	if got, err := names(client, t); len(got) != 1 || !errors.Is(err, llmrpc.ErrInvalidRequest) {
		t.Error(got, err)
	}
}

func TestHealth(t *testing.T) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	server, service := grpc.NewServer(), health.NewServer()
	healthpb.RegisterHealthServer(server, service)
	go func() { _ = server.Serve(listener) }()
	defer server.Stop()
	service.SetServingStatus("provider/openai", healthpb.HealthCheckResponse_NOT_SERVING)
	client := dial(t, listener.Addr().String(), llmrpc.WithWait())
	for name, want := range map[string]llmrpc.HealthStatus{
		"": llmrpc.Serving, "provider/openai": llmrpc.NotServing, "provider/nobody": llmrpc.ServiceUnknown,
	} {
		if got, err := client.Health(t.Context(), name); err != nil || got != want {
			t.Error(name, got, err)
		}
	}
	server.Stop()
	if _, err := client.Health(t.Context(), ""); !errors.Is(err, llmrpc.ErrProviderNotAvailable) {
		t.Error(err)
	}
}
