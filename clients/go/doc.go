// Package llmrpc calls an llmrpc gateway: text from any model, through one gRPC
// contract, with streams as iterators and typed errors.
//
//	client, err := llmrpc.Dial(ctx, "localhost:50051")
//	if err != nil {
//		return err
//	}
//	defer client.Close()
//
//	request := &llmrpcv1.GenerateRequest{
//		Messages: []*llmrpcv1.LLMMessage{llmrpc.User("What is a goroutine?")},
//	}
//	for text, err := range client.Text(ctx, request) {
//		if err != nil {
//			return err
//		}
//		fmt.Print(text)
//	}
//
// The messages are those of the contract, in package llmrpcv1. A call lives as long
// as its context, and a loop that is left early cancels its call at once. Whatever
// goes wrong with a call is an [*Error].
package llmrpc
