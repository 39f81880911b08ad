package llmrpc_test

import (
	"context"
	"errors"
	"fmt"
	"log"
	"slices"

	llmrpc "github.com/llmrpc/llmrpc/clients/go"
	"github.com/llmrpc/llmrpc/clients/go/llmrpcv1"
)

func ExampleClient_Text() {
	ctx := context.Background()
	client, err := llmrpc.Dial(ctx, "localhost:50051")
	if err != nil {
		log.Fatal(err)
	}
	defer func() { _ = client.Close() }()

	request := &llmrpcv1.GenerateRequest{
		Messages: []*llmrpcv1.LLMMessage{llmrpc.User("Tell me a story.")},
	}
	for text, err := range client.Text(ctx, request) {
		if err != nil {
			log.Fatal(err)
		}
		fmt.Print(text)
	}
}

func ExampleClient_Batch() {
	ctx := context.Background()
	client, err := llmrpc.Dial(ctx, "gateway.example", llmrpc.WithTLS(), llmrpc.WithToken("the-key"))
	if err != nil {
		log.Fatal(err)
	}
	defer func() { _ = client.Close() }()

	var items []*llmrpcv1.BatchItem // each with an ID and a request
	for result, err := range client.Batch(ctx, slices.Values(items)) {
		if err != nil {
			log.Fatal(err)
		}
		response, err := llmrpc.Outcome(result)
		fmt.Println(result.GetId(), response.GetContent(), err)
	}
}

func ExampleError() {
	err := fmt.Errorf("asking: %w", &llmrpc.Error{
		Kind: llmrpc.KindContextWindowExceeded, Reason: "CONTEXT_WINDOW_EXCEEDED", Message: "the prompt is too long",
	})
	var failed *llmrpc.Error
	fmt.Println(errors.As(err, &failed), failed.Reason)
	fmt.Println(errors.Is(err, llmrpc.ErrContextWindowExceeded), errors.Is(err, llmrpc.ErrInvalidRequest))
	// Output:
	// true CONTEXT_WINDOW_EXCEEDED
	// true true
}
