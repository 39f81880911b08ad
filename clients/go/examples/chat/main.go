// A conversation on the terminal, streamed: a line is a question, the end of the
// input ends it, and Ctrl-C ends an answer.
//
//	go run ./examples/chat -address localhost:50051
package main

import (
	"bufio"
	"context"
	"errors"
	"flag"
	"fmt"
	"log"
	"os"
	"os/signal"

	llmrpc "github.com/llmrpc/llmrpc/clients/go"
	"github.com/llmrpc/llmrpc/clients/go/llmrpcv1"
)

func main() {
	address := flag.String("address", llmrpc.DefaultAddress, "where the gateway is")
	model := flag.String("model", "", "the model; empty: the gateway's default")
	ca := flag.String("ca", "", "a PEM file of authorities: calls over TLS")
	flag.Parse()

	options := []llmrpc.Option{llmrpc.WithToken(os.Getenv("LLMRPC_TOKEN"))}
	if *ca != "" {
		options = append(options, llmrpc.WithCA(*ca))
	}
	client, err := llmrpc.Dial(context.Background(), *address, options...)
	if err != nil {
		log.Fatal(err)
	}
	defer func() { _ = client.Close() }()

	request := &llmrpcv1.GenerateRequest{Model: *model}
	for lines := bufio.NewScanner(os.Stdin); lines.Scan(); {
		asked := len(request.Messages)
		request.Messages = append(request.Messages, llmrpc.User(lines.Text()))
		answer, err := answer(client, request)
		if err != nil { // the conversation goes on without this question
			fmt.Fprintln(os.Stderr, err)
			request.Messages = request.Messages[:asked]
			continue
		}
		request.Messages = append(request.Messages, answer)
	}
}

// answer prints the answer as it comes, and gives it as the message to send back.
func answer(client *llmrpc.Client, request *llmrpcv1.GenerateRequest) (*llmrpcv1.LLMMessage, error) {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	for event, err := range client.StreamText(ctx, request) {
		if err != nil {
			return nil, err
		}
		for _, delta := range event.GetDeltas() {
			fmt.Print(delta.GetText())
		}
		if response := event.GetCompleted(); response != nil {
			fmt.Println()
			return response.GetMessage(), nil
		}
	}
	return nil, errors.New("a stream without an end") // it would have been an error before
}
