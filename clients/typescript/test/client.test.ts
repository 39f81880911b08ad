// Calls with one answer: what is sent, what comes back, and what ends them.

import { getEventListeners } from "node:events";
import { inspect } from "node:util";

import { create } from "@bufbuild/protobuf";
import { status } from "@grpc/grpc-js";
import { afterEach, beforeEach, expect, test } from "vitest";

import { Call } from "../src/call.js";
import {
  GatewayClient,
  GenerationTimeoutError,
  LLMClientError,
  ListModelsResponseSchema,
  user,
} from "../src/index.js";
import { allModels } from "../src/models.js";
import {
  Failure,
  Gateway,
  HANG,
  failure,
  response,
  stoppedClock,
  stream,
  until,
} from "./gateway.js";

const REQUEST = { messages: [user("Hello")] };
let gateway: Gateway;
let client: GatewayClient;

beforeEach(async () => {
  gateway = await new Gateway().start();
  gateway.answers = [response("Hi")];
  client = new GatewayClient(gateway.address, { token: "secret" });
});

afterEach(() => {
  client.close();
  gateway.close();
});

test("an answer, and what goes with the call", async () => {
  const answer = await client.generate(
    { ...REQUEST, temperature: 0, seed: -1n },
    { requestId: "mine", headers: { Traceparent: "00-a-b-01" } },
  );
  expect(answer.content).toBe("Hi");
  expect(gateway.requests[0]).toMatchObject({ temperature: 0, seed: -1n });
  expect(gateway.requests[0]?.topP).toBeUndefined();
  expect(gateway.metadata[0]).toMatchObject({
    authorization: "Bearer secret",
    "x-request-id": "mine",
    traceparent: "00-a-b-01",
  });
  expect(gateway.metadata[0]?.["user-agent"]).toMatch(/^llmrpc-typescript /);
});

test("every call has a request id of its own", async () => {
  await client.generate(REQUEST);
  await client.generate(REQUEST);
  const [first, second] = gateway.metadata.map((one) => one["x-request-id"]);
  expect(first).toMatch(/^[0-9a-f]{32}$/);
  expect(second).not.toBe(first);
});

test("a request above grpc's own bound passes both ways", async () => {
  const long = "x".repeat(5 * 2 ** 20);
  gateway.answers = [response(long)];
  expect((await client.generate({ messages: [user(long)] })).content).toHaveLength(long.length);
});

test.each([
  [() => client.generate({ ...REQUEST, max_tokens: 1 } as never), "max_tokens"],
  [() => client.generate({ ...REQUEST, maxTokens: "many" } as never), "max_tokens"],
  [() => client.generate(REQUEST, { timeout: -1 }), "timeout"],
  [() => client.generate(REQUEST, { requestId: "a\nb" }), "requestId"],
  [() => client.generate(REQUEST, { headers: { authorization: "x" } }), "token"],
])("a mistake of the program is a TypeError, before anything is sent: %#", async (call, named) => {
  const error: unknown = await call().catch((caught: unknown) => caught);
  expect(error).toBeInstanceOf(TypeError);
  expect(String(error)).toContain(named);
  expect(gateway.metadata).toHaveLength(0);
});

test("an error that nobody catches is printed without raw trailers", async () => {
  gateway.answers = [failure(status.NOT_FOUND, "MODEL_NOT_FOUND")];
  const error: unknown = await client.generate(REQUEST).catch((caught: unknown) => caught);
  const printed = inspect(error, { depth: 5 }); // as Node does
  expect(printed).toContain("in words");
  expect(printed).not.toContain("grpc-status-details-bin");
  expect(error).toMatchObject({ cause: { code: status.NOT_FOUND } });
});

test("the deadline", async () => {
  gateway.answers = [response("connected"), HANG];
  await client.generate(REQUEST);
  const pass = stoppedClock();
  const late = client.generate(REQUEST, { timeout: 1_000 }).catch((caught: unknown) => caught);
  await until(() => gateway.requests.length === 2);
  await pass(999);
  expect(gateway.cancelled).toBe(0);
  await pass(1);
  const error = await late;
  expect(error).toBeInstanceOf(GenerationTimeoutError);
  expect(error).toMatchObject({ code: "DEADLINE_EXCEEDED", retryable: false });
  await until(() => gateway.cancelled === 1);
});

test("the client's own timeout", async () => {
  gateway.answers = [HANG];
  await using hasty = new GatewayClient(gateway.address, { timeout: 50 });
  await expect(hasty.generate(REQUEST)).rejects.toBeInstanceOf(GenerationTimeoutError);
});

test("a signal cancels, and its reason is the error", async () => {
  gateway.answers = [HANG];
  const controller = new AbortController();
  const answer = client.generate(REQUEST, { signal: controller.signal });
  await until(() => gateway.requests.length === 1);
  controller.abort();
  await expect(answer).rejects.toMatchObject({ name: "AbortError" });
  await until(() => gateway.cancelled === 1);
  const late = client.generate(REQUEST, { signal: AbortSignal.abort("why") });
  await expect(late).rejects.toBe("why");
  expect(gateway.requests).toHaveLength(1);
});

test("a signal is let go of when its call is over", async () => {
  const { signal } = new AbortController();
  await client.generate(REQUEST, { signal });
  gateway.streams = [stream("a")];
  for await (const piece of client.text(REQUEST, { signal })) expect(piece).toBe("a");
  expect(getEventListeners(signal, "abort")).toHaveLength(0);
});

test("a call that is over is held by nobody", () => {
  const caller = { target: "", authorization: undefined, calls: new Set<Call>(), closed: false };
  const call = new Call(caller, {});
  expect(caller.calls.size).toBe(1);
  call.release();
  expect(caller.calls.size).toBe(0);
});

test("closing ends what runs, and nothing starts", async () => {
  gateway.answers = [HANG];
  const answer = client.generate(REQUEST);
  await until(() => gateway.requests.length === 1);
  client.close();
  await expect(answer).rejects.toThrow("the client was closed");
  await expect(client.generate(REQUEST)).rejects.toThrow("this client is closed");
});

test("UNAVAILABLE is tried four times in all", async () => {
  gateway.answers = [new Failure(status.UNAVAILABLE)];
  await expect(client.generate(REQUEST)).rejects.toMatchObject({ retryable: true });
  expect(gateway.requests).toHaveLength(4);
  gateway.answers = [new Failure(status.UNAVAILABLE), response("again")];
  expect((await client.generate(REQUEST)).content).toBe("again");
});

test("a large request is tried again too", async () => {
  gateway.answers = [new Failure(status.UNAVAILABLE), response("again")];
  const long = user("x".repeat(20 * 2 ** 20));
  expect((await client.generate({ messages: [long] })).content).toBe("again");
});

test("pushback is obeyed: -1 means never, a number when", async () => {
  const never = failure(status.UNAVAILABLE, "PROVIDER_UNAVAILABLE");
  never.metadata.set("grpc-retry-pushback-ms", "-1");
  gateway.answers = [never];
  await expect(client.generate(REQUEST)).rejects.toBeInstanceOf(LLMClientError);
  expect(gateway.requests).toHaveLength(1);
  const later = new Failure(status.UNAVAILABLE);
  later.metadata.set("grpc-retry-pushback-ms", "700");
  gateway.answers = [later, response("later")];
  const before = Date.now();
  await client.generate(REQUEST);
  expect(Date.now() - before).toBeGreaterThanOrEqual(690);
});

test("nothing else is tried again", async () => {
  gateway.answers = [new Failure(status.INTERNAL)];
  await expect(client.generate(REQUEST)).rejects.toMatchObject({ code: "INTERNAL" });
  expect(gateway.requests).toHaveLength(1);
});

test("an error's request id is the gateway's, else the call's", async () => {
  gateway.answers = [new Failure(status.INTERNAL)];
  const mine = client.generate(REQUEST, { requestId: "mine" });
  await expect(mine).rejects.toMatchObject({ requestId: "mine" });
  const theirs = new Failure(status.INTERNAL);
  theirs.metadata.set("x-request-id", "theirs");
  gateway.answers = [theirs];
  const told = client.generate(REQUEST, { requestId: "mine" });
  await expect(told).rejects.toMatchObject({ requestId: "theirs" });
});

test("no print of a client shows its token", async () => {
  await client.generate(REQUEST);
  const prints = [
    String(client),
    JSON.stringify(client),
    inspect(client, { depth: 9, showHidden: true }),
    inspect({ client }, { depth: 9, customInspect: false, showHidden: true }),
  ];
  for (const print of prints) expect(print).not.toContain("secret");
  expect(prints[0]).toBe(`GatewayClient(${gateway.address})`);
});

test("a count of tokens", async () => {
  expect((await client.countTokens(REQUEST)).promptTokens).toBe(1234);
});

test("the models of all pages", async () => {
  gateway.models = [
    { models: [{ name: "a" }, { name: "b" }], nextPageToken: "1" },
    { models: [{ name: "c" }] },
  ];
  const names = [];
  for await (const model of client.models("capabilities.tools")) names.push(model.name);
  expect(names).toEqual(["a", "b", "c"]);
  expect(gateway.pages).toMatchObject([
    { filter: "capabilities.tools", pageToken: "", pageSize: 1000 },
    { filter: "capabilities.tools", pageToken: "1" },
  ]);
});

test("a deadline is that of all pages, and so is a request id", async () => {
  gateway.models = [{ models: [{ name: "a" }], nextPageToken: "1" }, { models: [{ name: "b" }] }];
  await client.health(); // connected
  const pass = stoppedClock();
  const models = client.models("", { timeout: 2_000, requestId: "mine" });
  expect((await models.next()).value?.name).toBe("a");
  await pass(2_001);
  await expect(models.next()).rejects.toBeInstanceOf(GenerationTimeoutError);
  for await (const { name } of client.models("", { requestId: "mine" })) expect(name).not.toBe("");
  const ids = gateway.metadata.map((one) => one["x-request-id"]);
  expect(ids.slice(-2)).toEqual(["mine", "mine"]);
});

test("pages without an end are an error", async () => {
  gateway.models = [{ nextPageToken: "1" }, { nextPageToken: "1" }];
  await expect(client.models().next()).rejects.toThrow("comes back to a page");
  let asked = 0;
  const endless = allModels(() => {
    const page = { models: [], nextPageToken: `${(asked += 1)}` };
    return Promise.resolve(create(ListModelsResponseSchema, page));
  }, "");
  await expect(endless.next()).rejects.toThrow("more than 1000 pages");
  expect(asked).toBe(1000);
});

test("health", async () => {
  gateway.health = { "": 1, "provider/x": 2 };
  expect(await client.health()).toBe("SERVING");
  expect(await client.health("provider/x")).toBe("NOT_SERVING");
  expect(await client.health("provider/y")).toBe("SERVICE_UNKNOWN");
});
