package llmrpc_test

import (
	"testing"

	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/proto"

	llmrpc "github.com/llmrpc/llmrpc/clients/go"
	"github.com/llmrpc/llmrpc/clients/go/llmrpcv1"
)

func TestShortFormsAreTheContractsMessages(t *testing.T) {
	got := &llmrpcv1.GenerateRequest{
		Messages: []*llmrpcv1.LLMMessage{
			llmrpc.System("Be brief."),
			llmrpc.User("Hello"),
			llmrpc.UserParts(
				llmrpc.Text("What is it?"), llmrpc.Image([]byte{1}, "image/png"),
				llmrpc.ImageURL("https://example.com/a.png"), llmrpc.Audio([]byte{3}, "audio/wav"),
				llmrpc.Document([]byte{2}, "application/pdf", "a.pdf"),
			),
			llmrpc.ToolResults(&llmrpcv1.ToolResult{ToolCallId: "c1", Content: "rain"}),
		},
		ResponseFormat: llmrpc.JSONSchema("person", `{"type": "object"}`),
	}
	want := &llmrpcv1.GenerateRequest{}
	if err := protojson.Unmarshal([]byte(`{
		"messages": [
			{"role": "ROLE_SYSTEM", "content": "Be brief."},
			{"role": "ROLE_USER", "content": "Hello"},
			{"role": "ROLE_USER", "parts": [
				{"text": "What is it?"},
				{"image": {"data": "AQ==", "mediaType": "image/png"}},
				{"image": {"uri": "https://example.com/a.png"}},
				{"audio": {"data": "Aw==", "mediaType": "audio/wav"}},
				{"document": {"data": "Ag==", "mediaType": "application/pdf", "filename": "a.pdf"}}
			]},
			{"role": "ROLE_TOOL", "parts": [{"toolResult": {"toolCallId": "c1", "content": "rain"}}]}
		],
		"responseFormat": {"jsonSchema": {"name": "person", "schema": "{\"type\": \"object\"}"}}
	}`), want); err != nil {
		t.Fatal(err)
	}
	if !proto.Equal(got, want) {
		t.Error(protojson.Format(got))
	}
}

func TestToolCallsAreThoseOfTheAnswer(t *testing.T) {
	var found []string
	for _, call := range llmrpc.ToolCalls(completed(1, answer()...).GetCompleted()) {
		found = append(found, call.GetId())
	}
	if len(found) != 2 || found[0] != "a" || found[1] != "b" {
		t.Error(found)
	}
	if calls := llmrpc.ToolCalls(nil); calls != nil {
		t.Error(calls)
	}
}
