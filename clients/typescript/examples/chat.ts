// A conversation on the terminal: node examples/chat.ts [model]

import { createInterface } from "node:readline/promises";

import { GatewayClient, type LLMMessage, LLMClientError, accumulate, user } from "@llmrpc/client";
import type { StreamEvent } from "@llmrpc/client";

const client = new GatewayClient(process.env["LLMRPC_ADDRESS"], {
  token: process.env["LLMRPC_TOKEN"],
});
const model = process.argv[2] ?? "";
const messages: LLMMessage[] = [];
const lines = createInterface({ input: process.stdin });

/** The events as they come, their text on the terminal. */
async function* shown(events: AsyncIterable<StreamEvent>): AsyncGenerator<StreamEvent> {
  for await (const event of events) {
    for (const { kind } of event.deltas) {
      if (kind.case === "text") process.stdout.write(kind.value);
    }
    yield event;
  }
  process.stdout.write("\n");
}

for await (const line of lines) {
  const asked = [...messages, user(line)];
  try {
    const response = await accumulate(shown(client.stream({ model, messages: asked })));
    messages.splice(0, messages.length, ...asked);
    if (response.message) messages.push(response.message);
    const cost = response.costEstimate?.toFixed(6) ?? "unknown";
    console.error(`${response.model}: ${response.tokensUsed ?? "?"} tokens, $${cost}`);
  } catch (error) {
    if (!(error instanceof LLMClientError)) throw error;
    console.error(`${error.name}: ${error.message} (${error.reason}, ${error.requestId})`);
  }
}
client.close();
