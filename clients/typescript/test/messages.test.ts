// What requests are made of, as it comes to the gateway; and a tool's way there and back.

import { toJson } from "@bufbuild/protobuf";
import { afterEach, beforeEach, expect, test } from "vitest";

import {
  GatewayClient,
  GenerateRequestSchema,
  type LLMMessage,
  assistant,
  document,
  functionTool,
  image,
  imageUrl,
  json,
  jsonSchema,
  providerBlock,
  providerTool,
  system,
  text,
  toolCalls,
  toolResult,
  toolResults,
  user,
} from "../src/index.js";
import { Gateway, called, response } from "./gateway.js";

const BYTES = new Uint8Array([1, 2, 3]);
let gateway: Gateway;
let client: GatewayClient;

beforeEach(async () => {
  gateway = await new Gateway().start();
  client = new GatewayClient(gateway.address);
});

afterEach(() => {
  client.close();
  gateway.close();
});

test("every short form is the contract's long one", async () => {
  gateway.answers = [response("Hi")];
  const pieces = [
    text("Look:"),
    image(BYTES, "image/png"),
    imageUrl("https://example.com/a.png"),
    document(BYTES, "application/pdf", "a.pdf"),
  ];
  await client.generate({
    messages: [
      system("Be brief."),
      user(pieces),
      assistant("I see."),
      toolResults(providerBlock("openai", "mcp_approval_response", "{}")),
      user("And?"),
    ],
    tools: [
      functionTool("weather", "The weather", "{}"),
      providerTool("anthropic", "web_search_20260318", '{"max_uses":3}', "search"),
      providerTool("google", "url_context"),
    ],
    responseFormat: jsonSchema("person", "{}"),
    providerOptions: { "openai.service_tier": json({ a: [1, null] }) },
  });
  const [request] = gateway.requests;
  expect(request && toJson(GenerateRequestSchema, request)).toEqual({
    messages: [
      { role: "ROLE_SYSTEM", content: "Be brief." },
      {
        role: "ROLE_USER",
        parts: [
          { text: "Look:" },
          { image: { data: "AQID", mediaType: "image/png" } },
          { image: { uri: "https://example.com/a.png" } },
          { document: { data: "AQID", mediaType: "application/pdf", filename: "a.pdf" } },
        ],
      },
      { role: "ROLE_ASSISTANT", content: "I see." },
      {
        role: "ROLE_TOOL",
        parts: [
          { providerBlock: { provider: "openai", type: "mcp_approval_response", data: "{}" } },
        ],
      },
      { role: "ROLE_USER", content: "And?" },
    ],
    tools: [
      { function: { name: "weather", description: "The weather", parameters: "{}" } },
      {
        providerTool: {
          provider: "anthropic",
          type: "web_search_20260318",
          options: '{"max_uses":3}',
          name: "search",
        },
      },
      { providerTool: { provider: "google", type: "url_context" } },
    ],
    responseFormat: { jsonSchema: { name: "person", schema: "{}" } },
    providerOptions: { "openai.service_tier": { a: [1, null] } },
  });
});

test("a tool: its call, its result, and the answer", async () => {
  gateway.answers = [called("weather", '{"city":"Lyon"}'), response("Take one.")];
  const messages: LLMMessage[] = [user("An umbrella?")];
  const { message } = await client.generate({ messages, tools: [functionTool("weather")] });
  const [call] = toolCalls(message);
  if (message === undefined || call === undefined) throw new Error("no call");
  expect(call).toMatchObject({ name: "weather", arguments: '{"city":"Lyon"}' });
  messages.push(message, toolResults(toolResult(call, "rain"), toolResult(call, "no", true)));
  expect((await client.generate({ messages })).content).toBe("Take one.");
  const back = gateway.requests[1];
  const result = { toolCallId: call.id, name: "weather", content: "rain" };
  expect((back && toJson(GenerateRequestSchema, back)) as object).toMatchObject({
    messages: [
      { role: "ROLE_USER" },
      { parts: [{ toolCall: { id: call.id } }] },
      {
        role: "ROLE_TOOL",
        parts: [
          { toolResult: result },
          { toolResult: { ...result, content: "no", isError: true } },
        ],
      },
    ],
  });
  expect(toolCalls(undefined)).toEqual([]);
});
