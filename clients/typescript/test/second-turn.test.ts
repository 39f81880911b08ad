// A second turn sends back what the client did not understand, byte for byte.

import { create, toBinary } from "@bufbuild/protobuf";
import { afterEach, beforeEach, expect, test } from "vitest";

import {
  GatewayClient,
  type LLMMessage,
  LLMMessageSchema,
  LLMResponseSchema,
  PartSchema,
  Role,
  SignatureSchema,
  ToolCallSchema,
  accumulate,
  assistant,
  batchItem,
  historyFromBytes,
  historyToBytes,
  text,
  toolCalls,
  toolResult,
  toolResults,
  user,
} from "../src/index.js";
import { future, unknownDelta, unknownPart } from "./future.js";
import { type EventInit, Gateway } from "./gateway.js";

const call = { id: "c", name: "f", arguments: "{}" };
const block = { provider: "p", type: "t", data: '{"a": 1.0}', id: "b1" };
const signature = create(SignatureSchema, { provider: "p", data: "s" });
const parts = [
  unknownPart({ signature }),
  future(PartSchema, text("Hello")),
  create(PartSchema, {
    kind: { case: "toolCall", value: future(ToolCallSchema, create(ToolCallSchema, call)) },
    signature: future(SignatureSchema, signature),
  }),
  create(PartSchema, { kind: { case: "providerBlock", value: block } }),
];
const SENT = future(LLMMessageSchema, create(LLMMessageSchema, { role: Role.ASSISTANT, parts }));
const ANSWER = create(LLMResponseSchema, { message: SENT });
const EVENTS: EventInit[] = [
  {
    sequence: 1,
    deltas: [unknownDelta(0), { partIndex: 1, kind: { case: "text", value: "Hel" } }],
  },
  { sequence: 2, waiting: {} },
  {
    sequence: 3,
    deltas: [
      { partIndex: 1, kind: { case: "text", value: "lo" } },
      { partIndex: 2, kind: { case: "toolCall", value: call } },
      { partIndex: 2, kind: { case: "signature", value: signature } },
      { partIndex: 3, kind: { case: "providerBlock", value: block } },
    ],
    completed: ANSWER,
  },
];
let gateway: Gateway;
let client: GatewayClient;

const bytes = (message: LLMMessage | undefined) =>
  message && Buffer.from(toBinary(LLMMessageSchema, message)).toString("hex");

beforeEach(async () => {
  gateway = await new Gateway().start();
  client = new GatewayClient(gateway.address);
  gateway.answers = [ANSWER];
  gateway.streams = [EVENTS];
});

afterEach(() => {
  client.close();
  gateway.close();
});

test.each<[string, () => Promise<LLMMessage | undefined>]>([
  ["one response", async () => (await client.generate({ messages: [user("Hi")] })).message],
  ["a stream", async () => (await accumulate(client.stream({ messages: [user("Hi")] }))).message],
])("of %s", async (_, answered) => {
  const message = await answered();
  if (message === undefined) throw new Error("no message");
  const [wanted] = toolCalls(message);
  if (wanted === undefined) throw new Error("no call");
  const messages = [user("Hi"), message, toolResults(toolResult(wanted, "done"))];
  const item = batchItem("a", { messages });

  gateway.requests = [];
  await client.generate({ messages });
  await client.stream({ messages }).next();
  for await (const { id } of client.batch([item])) expect(id).toBe("a");
  const requests = [...gateway.requests, gateway.items[0]?.request.value];
  expect(requests.map((request) => bytes(request?.messages[1]))).toEqual(
    requests.map(() => bytes(SENT)),
  );
  expect(requests).toHaveLength(3);
});

test("of a history that was kept, and of a message made anew from its parts", async () => {
  const { message } = await client.generate({ messages: [user("Hi")] });
  if (message === undefined) throw new Error("no message");
  const history = historyFromBytes(historyToBytes([user("Hi"), message]));
  await client.generate({ messages: [...history, assistant(message.parts), user("And?")] });
  const [hi, kept, anew, last] = gateway.requests[1]?.messages ?? [];
  expect([hi?.content, last?.content]).toEqual(["Hi", "And?"]);
  expect(bytes(kept)).toBe(bytes(SENT));
  const known = create(LLMMessageSchema, { role: Role.ASSISTANT, parts });
  expect(bytes(anew)).toBe(bytes(known));
});

test("text alone passes over all that is unknown", async () => {
  const texts = [];
  for await (const piece of client.text({ messages: [user("Hi")] })) texts.push(piece);
  expect(texts).toEqual(["Hel", "lo"]);
});
