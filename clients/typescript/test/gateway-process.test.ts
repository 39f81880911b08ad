// Against a real gateway on echo: the same law for every form, and what only it knows.

import { afterAll, beforeAll, expect, test } from "vitest";

import {
  GatewayClient,
  InvalidRequestError,
  ModelNotFoundError,
  accumulate,
  batchItem,
  image,
  json,
  system,
  text,
  user,
} from "../src/index.js";
import { type Running, startGateway } from "./running.js";

const REQUEST = { messages: [system("Be brief."), user("A stream of 𝄞 words, please")] };
let gateway: Running;
let client: GatewayClient;

beforeAll(async () => {
  gateway = await startGateway();
  client = new GatewayClient(gateway.address);
});

afterAll(async () => {
  client.close();
  await gateway.stop();
});

test("whole, streamed and as text it is the same answer", async () => {
  const whole = await client.generate(REQUEST, { requestId: "whole-1" });
  expect(whole.content).toBe("A stream of 𝄞 words, please");
  expect(whole.requestId).toBe("whole-1");
  const streamed = await accumulate(client.stream(REQUEST));
  expect(streamed.message).toEqual(whole.message);
  expect(streamed.usage).toEqual(whole.usage);
  const pieces = [];
  for await (const piece of client.text(REQUEST)) pieces.push(piece);
  expect(pieces.length).toBeGreaterThan(1);
  expect(pieces.join("")).toBe(whole.content);
});

test("a second turn sends the answer back as it is", async () => {
  const first = await client.generate(REQUEST);
  if (first.message === undefined) throw new Error("no message");
  const messages = [...REQUEST.messages, first.message, user([text("Shorter.")])];
  expect((await client.generate({ messages })).content).toBe("Shorter.");
});

test("an option of a provider is a hint, and a picture goes along or is refused by name", async () => {
  const providerOptions = { "openai.service_tier": json("flex") };
  const answer = await client.generate({ ...REQUEST, providerOptions });
  expect(answer.warnings.map((warning) => warning.field)).toEqual([
    "provider_options[openai.service_tier]",
  ]);
  const picture = image(new Uint8Array([137, 80, 78, 71]), "image/png");
  const looked = client.generate({ messages: [user([picture, text("What?")])] });
  await expect(looked).rejects.toBeInstanceOf(InvalidRequestError);
});

test("a gateway's errors, with details", async () => {
  await expect(client.generate({ ...REQUEST, temperature: 9 })).rejects.toMatchObject({
    name: "InvalidRequestError",
    code: "INVALID_ARGUMENT",
    reason: "INVALID_REQUEST",
    violations: [{ field: "temperature" }],
    requestId: expect.stringMatching(/^[0-9a-f]{32}$/) as unknown,
  });
  const error: unknown = await client
    .text({ ...REQUEST, model: "ecko" })
    .next()
    .catch((caught: unknown) => caught);
  expect(error).toBeInstanceOf(ModelNotFoundError);
  expect(error).toMatchObject({ metadata: { model: "ecko", suggestions: "echo/echo" } });
});

test("batch, count, models, health", async () => {
  const ids = new Set<string>();
  const items = Array.from({ length: 100 }, (_, n) => batchItem(`${n}`, REQUEST));
  for await (const { id, outcome } of client.batch(items)) {
    expect(outcome.case).toBe("response");
    ids.add(id);
  }
  expect(ids.size).toBe(100);
  expect((await client.countTokens(REQUEST)).promptTokens).toBeGreaterThan(0);
  const names = [];
  for await (const { name } of client.models('provider = "echo"')) names.push(name);
  expect(names).toEqual(["echo/echo"]);
  expect(await client.health("llmrpc.v1.LLMService")).toBe("SERVING");
  expect(await client.health("nope")).toBe("SERVICE_UNKNOWN");
});
