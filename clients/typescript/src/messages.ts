// Short forms of what requests are made of; the long ones are the contract's own.

import { type JsonValue, type MessageInitShape, create, fromJson } from "@bufbuild/protobuf";
import { type Value, ValueSchema } from "@bufbuild/protobuf/wkt";

import {
  type LLMMessage,
  LLMMessageSchema,
  type Part,
  PartSchema,
  Role,
  type ToolCall,
} from "./gen/llmrpc/v1/message_pb.js";
import {
  type ResponseFormat,
  ResponseFormatSchema,
  type Tool,
  ToolSchema,
} from "./gen/llmrpc/v1/request_pb.js";

type PartInit = MessageInitShape<typeof PartSchema>;

/** Instructions to the model. */
export function system(content: string): LLMMessage {
  return message(Role.SYSTEM, content);
}

/** What the person says: text, or parts in their order. */
export function user(content: string | readonly PartInit[]): LLMMessage {
  return message(Role.USER, content);
}

/** What the model said; better is `response.message`, which has all of it. */
export function assistant(content: string | readonly PartInit[]): LLMMessage {
  return message(Role.ASSISTANT, content);
}

/**
 * What you answer to the model's calls, in one message: results, and the provider blocks
 * that answer provider blocks.
 */
export function toolResults(...results: readonly PartInit[]): LLMMessage {
  return message(Role.TOOL, results);
}

/** One result, for `toolResults`. */
export function toolResult(call: ToolCall, content: string, isError = false): Part {
  const value = { toolCallId: call.id, name: call.name, content, isError };
  return create(PartSchema, { kind: { case: "toolResult", value } });
}

/** A part of text. */
export function text(value: string): Part {
  return create(PartSchema, { kind: { case: "text", value } });
}

/** A picture by its bytes; `mediaType` is such as `image/png`. */
export function image(data: Uint8Array, mediaType: string): Part {
  const source = { case: "data", value: new Uint8Array(data) } as const;
  return create(PartSchema, { kind: { case: "image", value: { source, mediaType } } });
}

/** A picture by its address, which the provider fetches. */
export function imageUrl(uri: string): Part {
  const source = { case: "uri", value: uri } as const;
  return create(PartSchema, { kind: { case: "image", value: { source } } });
}

/** A document by its bytes; `mediaType` is such as `application/pdf`. */
export function document(data: Uint8Array, mediaType: string, filename = ""): Part {
  const source = { case: "data", value: new Uint8Array(data) } as const;
  return create(PartSchema, { kind: { case: "document", value: { source, mediaType, filename } } });
}

/** Content that only its provider understands; `data` is its JSON, as text. */
export function providerBlock(provider: string, type: string, data: string, id = ""): Part {
  const value = { provider, type, data, id };
  return create(PartSchema, { kind: { case: "providerBlock", value } });
}

/** A function that you run; `parameters` is the JSON schema of its arguments, as text. */
export function functionTool(name: string, description = "", parameters = ""): Tool {
  const value = { name, description, parameters };
  return create(ToolSchema, { kind: { case: "function", value } });
}

/** A tool that a provider defines; `options` is a JSON object, as text. */
export function providerTool(provider: string, type: string, options = "", name = ""): Tool {
  const value = { provider, type, options, name };
  return create(ToolSchema, { kind: { case: "providerTool", value } });
}

/** For `responseFormat`: holds the answer to a JSON schema, given as its text. */
export function jsonSchema(name: string, schema: string): ResponseFormat {
  return create(ResponseFormatSchema, { kind: { case: "jsonSchema", value: { name, schema } } });
}

/** The tool calls of an answer, in their order. */
export function toolCalls(answer: { readonly parts: readonly Part[] } | undefined): ToolCall[] {
  return (answer?.parts ?? []).flatMap(({ kind }) =>
    kind.case === "toolCall" ? [kind.value] : [],
  );
}

/** A value for `providerOptions`. */
export function json(value: JsonValue): Value {
  return fromJson(ValueSchema, value);
}

function message(role: Role, content: string | readonly PartInit[]): LLMMessage {
  return create(
    LLMMessageSchema,
    typeof content === "string" ? { role, content } : { role, parts: [...content] },
  );
}
