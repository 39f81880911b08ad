package llmrpc_test

import (
	"slices"
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
			llmrpc.ToolBlocks(&llmrpcv1.ProviderBlock{Provider: "openai", Data: "{}"}),
		},
		Tools: []*llmrpcv1.Tool{
			llmrpc.FunctionTool("weather", "The weather", `{"type": "object"}`),
			llmrpc.ProviderTool("anthropic", "web_search_20260318", `{"max_uses": 3}`),
		},
		ResponseFormat: llmrpc.JSONSchema("person", `{"type": "object"}`),
		Reasoning:      llmrpc.ReasoningEffort(llmrpcv1.Reasoning_EFFORT_HIGH),
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
			{"role": "ROLE_TOOL", "parts": [{"toolResult": {"toolCallId": "c1", "content": "rain"}}]},
			{"role": "ROLE_TOOL", "parts": [{"providerBlock": {"provider": "openai", "data": "{}"}}]}
		],
		"tools": [
			{"function": {"name": "weather", "description": "The weather", "parameters": "{\"type\": \"object\"}"}},
			{"providerTool": {"provider": "anthropic", "type": "web_search_20260318", "options": "{\"max_uses\": 3}"}}
		],
		"responseFormat": {"jsonSchema": {"name": "person", "schema": "{\"type\": \"object\"}"}},
		"reasoning": {"effort": "EFFORT_HIGH"}
	}`), want); err != nil {
		t.Fatal(err)
	}
	if !proto.Equal(got, want) {
		t.Error(protojson.Format(got))
	}
	if budget := llmrpc.ReasoningBudget(0); budget.GetAmount() == nil || budget.GetBudgetTokens() != 0 {
		t.Error(protojson.Format(budget))
	}
	if item := llmrpc.BatchItem("a", got); item.GetId() != "a" || !proto.Equal(item.GetGenerate(), want) {
		t.Error(protojson.Format(item))
	}
}

func TestToolCallsAndProviderBlocksAreThoseOfTheResponse(t *testing.T) {
	response := completed(1, answer()...).GetCompleted()
	var found []string
	for _, call := range llmrpc.ToolCalls(response) {
		found = append(found, call.GetId())
	}
	for _, block := range llmrpc.ProviderBlocks(response) {
		found = append(found, block.GetId())
	}
	if !slices.Equal(found, []string{"a", "b", "s1", "s2"}) {
		t.Error(found)
	}
	if calls, blocks := llmrpc.ToolCalls(nil), llmrpc.ProviderBlocks(nil); calls != nil || blocks != nil {
		t.Error(calls, blocks)
	}
}
