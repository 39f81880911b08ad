// Short forms for what everyday requests are made of.

package llmrpc

import "github.com/llmrpc/llmrpc/clients/go/llmrpcv1"

// System is a message of instructions to the model.
func System(text string) *llmrpcv1.LLMMessage {
	return &llmrpcv1.LLMMessage{Role: llmrpcv1.Role_ROLE_SYSTEM, Content: text}
}

// User is a message of the person.
func User(text string) *llmrpcv1.LLMMessage {
	return &llmrpcv1.LLMMessage{Role: llmrpcv1.Role_ROLE_USER, Content: text}
}

// UserParts is a message of the person in pieces, such as [Text] and [Image].
func UserParts(parts ...*llmrpcv1.Part) *llmrpcv1.LLMMessage {
	return &llmrpcv1.LLMMessage{Role: llmrpcv1.Role_ROLE_USER, Parts: parts}
}

// Text is a part of plain text.
func Text(text string) *llmrpcv1.Part {
	return &llmrpcv1.Part{Kind: &llmrpcv1.Part_Text{Text: text}}
}

// Image is a part with a picture's bytes, of a type such as image/png.
func Image(data []byte, mediaType string) *llmrpcv1.Part {
	source := &llmrpcv1.Image_Data{Data: data}
	image := &llmrpcv1.Image{Source: source, MediaType: mediaType}
	return &llmrpcv1.Part{Kind: &llmrpcv1.Part_Image{Image: image}}
}

// ImageURL is a part with a picture that the provider fetches.
func ImageURL(url string) *llmrpcv1.Part {
	image := &llmrpcv1.Image{Source: &llmrpcv1.Image_Uri{Uri: url}}
	return &llmrpcv1.Part{Kind: &llmrpcv1.Part_Image{Image: image}}
}

// Audio is a part with a recording's bytes, of a type such as audio/wav.
func Audio(data []byte, mediaType string) *llmrpcv1.Part {
	source := &llmrpcv1.Audio_Data{Data: data}
	audio := &llmrpcv1.Audio{Source: source, MediaType: mediaType}
	return &llmrpcv1.Part{Kind: &llmrpcv1.Part_Audio{Audio: audio}}
}

// Document is a part with a file's bytes, of a type such as application/pdf, and the
// name that the model sees.
func Document(data []byte, mediaType, filename string) *llmrpcv1.Part {
	source := &llmrpcv1.Document_Data{Data: data}
	document := &llmrpcv1.Document{Source: source, MediaType: mediaType, Filename: filename}
	return &llmrpcv1.Part{Kind: &llmrpcv1.Part_Document{Document: document}}
}

// JSONSchema asks for an answer that follows a JSON schema, in text; name is the
// schema's, which some providers demand.
func JSONSchema(name, schema string) *llmrpcv1.ResponseFormat {
	format := &llmrpcv1.JsonSchemaFormat{Name: name, Schema: schema}
	return &llmrpcv1.ResponseFormat{Kind: &llmrpcv1.ResponseFormat_JsonSchema{JsonSchema: format}}
}

// ReasoningEffort asks for a named amount of reasoning.
func ReasoningEffort(effort llmrpcv1.Reasoning_Effort) *llmrpcv1.Reasoning {
	return &llmrpcv1.Reasoning{Amount: &llmrpcv1.Reasoning_Effort_{Effort: effort}}
}

// ReasoningBudget asks for at most this many tokens of reasoning.
func ReasoningBudget(tokens int32) *llmrpcv1.Reasoning {
	return &llmrpcv1.Reasoning{Amount: &llmrpcv1.Reasoning_BudgetTokens{BudgetTokens: tokens}}
}

// FunctionTool is a function that the caller runs, with the JSON schema of its arguments,
// in text.
func FunctionTool(name, description, parameters string) *llmrpcv1.Tool {
	function := &llmrpcv1.FunctionTool{Name: name, Description: description, Parameters: parameters}
	return &llmrpcv1.Tool{Kind: &llmrpcv1.Tool_Function{Function: function}}
}

// ProviderTool is a tool that a provider defines, such as anthropic's
// web_search_20260318, with its options as a JSON object, in text; empty: none.
func ProviderTool(provider, toolType, options string) *llmrpcv1.Tool {
	tool := &llmrpcv1.ProviderTool{Provider: provider, Type: toolType, Options: options}
	return &llmrpcv1.Tool{Kind: &llmrpcv1.Tool_ProviderTool{ProviderTool: tool}}
}

// BatchItem is a request of a batch; its result has the same id.
func BatchItem(id string, request *llmrpcv1.GenerateRequest) *llmrpcv1.BatchItem {
	return &llmrpcv1.BatchItem{Id: id, Request: &llmrpcv1.BatchItem_Generate{Generate: request}}
}

// ToolCalls are the calls that the model wants made, in order.
func ToolCalls(response *llmrpcv1.LLMResponse) []*llmrpcv1.ToolCall {
	var calls []*llmrpcv1.ToolCall
	for _, part := range response.GetMessage().GetParts() {
		if call := part.GetToolCall(); call != nil {
			calls = append(calls, call)
		}
	}
	return calls
}

// ToolResults is the message that answers the model's calls, one result each.
func ToolResults(results ...*llmrpcv1.ToolResult) *llmrpcv1.LLMMessage {
	message := &llmrpcv1.LLMMessage{Role: llmrpcv1.Role_ROLE_TOOL}
	for _, result := range results {
		part := &llmrpcv1.Part{Kind: &llmrpcv1.Part_ToolResult{ToolResult: result}}
		message.Parts = append(message.Parts, part)
	}
	return message
}

// ProviderBlocks are the blocks of the response that only its provider understands, in
// order, such as a request for approval.
func ProviderBlocks(response *llmrpcv1.LLMResponse) []*llmrpcv1.ProviderBlock {
	var blocks []*llmrpcv1.ProviderBlock
	for _, part := range response.GetMessage().GetParts() {
		if block := part.GetProviderBlock(); block != nil {
			blocks = append(blocks, block)
		}
	}
	return blocks
}

// ToolBlocks is the message that answers the provider's blocks with blocks of its own
// kind, such as an approval.
func ToolBlocks(blocks ...*llmrpcv1.ProviderBlock) *llmrpcv1.LLMMessage {
	message := &llmrpcv1.LLMMessage{Role: llmrpcv1.Role_ROLE_TOOL}
	for _, block := range blocks {
		part := &llmrpcv1.Part{Kind: &llmrpcv1.Part_ProviderBlock{ProviderBlock: block}}
		message.Parts = append(message.Parts, part)
	}
	return message
}
