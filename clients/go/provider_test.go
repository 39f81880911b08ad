// Scripted providers, which the programs of the README reach through the gateway.

package llmrpc_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
)

// startProviders speaks OpenAI's two protocols, Anthropic's, and Google's.
func startProviders() *httptest.Server {
	methods := http.NewServeMux()
	methods.HandleFunc("POST /v1/chat/completions", complete)
	methods.HandleFunc("POST /v1/responses", shorten)
	methods.HandleFunc("POST /v1/messages", search)
	methods.HandleFunc("POST /v1beta/models/{method}", draw)
	return httptest.NewServer(methods)
}

// object is any JSON object.
type object = map[string]any

func answerWith(w http.ResponseWriter, format string, arguments ...any) {
	w.Header().Set("Content-Type", "application/json")
	_, _ = fmt.Fprintf(w, format, arguments...)
}

// refused ends the call, and the program with it, with what the request lacks.
func refused(w http.ResponseWriter, what string) {
	http.Error(w, fmt.Sprintf(`{"error": {"message": %q}}`, what), http.StatusBadRequest)
}

// complete is OpenAI's Chat Completions: an allowed tool is called, and its result told.
func complete(w http.ResponseWriter, r *http.Request) {
	var asked struct {
		Messages []struct{ Role, Content string }
		Tools    []object
		Choice   object `json:"tool_choice"`
	}
	_ = json.NewDecoder(r.Body).Decode(&asked)
	last := asked.Messages[len(asked.Messages)-1]
	message := `{"role": "assistant", "content": "Yes: ` + last.Content + `."}`
	if last.Role != "tool" && len(asked.Tools) > 0 {
		if choice := fmt.Sprint(asked.Choice); !strings.Contains(choice, "forecast") || strings.Contains(choice, "alarm") {
			refused(w, "the allowed tools are "+choice)
			return
		}
		message = `{"role": "assistant", "content": null, "tool_calls": [{"id": "c1", "type": "function",
			"function": {"name": "weather", "arguments": "{\"city\": \"Lyon\"}"}}]}`
	}
	answerWith(w, `{"id": "x", "object": "chat.completion", "created": 1, "model": "gpt-4o-mini",
		"choices": [{"index": 0, "finish_reason": "stop", "message": %s}],
		"usage": {"prompt_tokens": 1, "completion_tokens": 1, "total_tokens": 2}}`, message)
}

// shorten is OpenAI's Responses: a server's tool is called once that is approved.
func shorten(w http.ResponseWriter, r *http.Request) {
	const approval = `{"type": "mcp_approval_request", "id": "mcpr_1", "name": "shorten", "server_label": "zip", "arguments": "{}"}`
	item := approval
	var asked struct{ Input []object }
	_ = json.NewDecoder(r.Body).Decode(&asked)
	if last := asked.Input[len(asked.Input)-1]; last["approve"] == true {
		var sent object
		_ = json.Unmarshal([]byte(approval), &sent)
		if back := asked.Input[len(asked.Input)-2]; fmt.Sprint(back) != fmt.Sprint(sent) {
			refused(w, fmt.Sprint("the request for approval came back as ", back))
			return
		}
		item = `{"type": "message", "id": "msg_1", "role": "assistant", "status": "completed",
			"content": [{"type": "output_text", "text": "Done.", "annotations": []}]}`
	}
	answerWith(w, `{"id": "resp_1", "object": "response", "created_at": 1, "model": "gpt-6-luna", "error": null,
		"status": "completed", "output": [%s], "usage": {"input_tokens": 3, "output_tokens": 2}}`, item)
}

// search is Anthropic's Messages: a search, and an answer that cites what it found.
func search(w http.ResponseWriter, r *http.Request) {
	var asked struct{ Tools []object }
	_ = json.NewDecoder(r.Body).Decode(&asked)
	if len(asked.Tools) != 1 || asked.Tools[0]["max_uses"] != 3.0 {
		refused(w, fmt.Sprint("the tools are ", asked.Tools))
		return
	}
	answerWith(w, `{"id": "msg_1", "type": "message", "role": "assistant", "model": "claude-opus-5",
		"stop_reason": "end_turn", "usage": {"input_tokens": 9, "output_tokens": 5,
		"server_tool_use": {"web_search_requests": 1}}, "content": [
			{"type": "server_tool_use", "id": "srvtoolu_1", "name": "web_search", "input": {"query": "go"}},
			{"type": "web_search_tool_result", "tool_use_id": "srvtoolu_1", "content": []},
			{"type": "text", "text": "It is Go 1.26.", "citations": [{"type": "web_search_result_location",
				"cited_text": "go1.26", "url": "https://go.dev/doc/devel/release", "title": "Release History",
				"encrypted_index": "Eo8B"}]}]}`)
}

// draw is Google's generateContent: a text and an image.
func draw(w http.ResponseWriter, r *http.Request) {
	var asked struct {
		GenerationConfig struct{ ResponseModalities []string }
	}
	_ = json.NewDecoder(r.Body).Decode(&asked)
	if wanted := asked.GenerationConfig.ResponseModalities; len(wanted) != 2 {
		refused(w, fmt.Sprint("the modalities are ", wanted))
		return
	}
	answerWith(w, `{"responseId": "1", "modelVersion": "gemini-3-pro-image-preview", "candidates": [{
		"index": 0, "finishReason": "STOP", "content": {"role": "model", "parts": [
			{"text": "A gopher."}, {"inlineData": {"mimeType": "image/png", "data": "iVBORw0KGgo="}}]}}],
		"usageMetadata": {"promptTokenCount": 3, "candidatesTokenCount": 9, "totalTokenCount": 12}}`)
}
