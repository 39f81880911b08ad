// Batches: both ways at once, bounded both ways.

import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { status } from "@grpc/grpc-js";
import { afterEach, beforeEach, expect, onTestFinished, test } from "vitest";

import {
  type BatchItemInit,
  GatewayClient,
  GenerationTimeoutError,
  LLMClientError,
  ModelNotFoundError,
  StreamInterruptedError,
  batchItem,
  errorFromStatus,
  user,
} from "../src/index.js";
import { Failure, Gateway, failure, stoppedClock, until } from "./gateway.js";

let gateway: Gateway;
let client: GatewayClient;

beforeEach(async () => {
  gateway = await new Gateway().start();
  client = new GatewayClient(gateway.address, { timeout: 60_000 });
});

afterEach(() => {
  client.close();
  gateway.close();
});

const item = (id: string, text = id) => batchItem(id, { messages: [user(text)] });

async function ids(results: AsyncIterable<{ id: string }>): Promise<string[]> {
  const seen = [];
  for await (const result of results) seen.push(result.id);
  return seen;
}

test("items of either kind of iterable, and results as they come", async () => {
  async function* slowly() {
    for (const id of ["a", "b", "c"]) {
      await Promise.resolve();
      yield item(id);
    }
  }
  expect(await ids(client.batch([item("a"), item("b")]))).toEqual(["a", "b"]);
  expect(await ids(client.batch(slowly()))).toEqual(["a", "b", "c"]);
  expect(await ids(client.batch([]))).toEqual([]);
});

test("a result comes before the next item is there", async () => {
  let answered: () => void = () => undefined;
  const waits = new Promise<void>((resolve) => (answered = resolve));
  async function* dialogue() {
    yield item("first");
    await waits;
    yield item("second");
  }
  const results = client.batch(dialogue());
  expect((await results.next()).value?.id).toBe("first");
  answered();
  expect((await results.next()).value?.id).toBe("second");
  expect((await results.next()).done).toBe(true);
});

test("an item's status is the error of a call", async () => {
  gateway.batch = ({ id }) => ({
    id,
    outcome: { case: "status", value: { code: status.NOT_FOUND, message: "no such model" } },
  });
  for await (const { outcome } of client.batch([item("a")])) {
    expect(outcome.case).toBe("status");
    if (outcome.case !== "status") continue;
    const error = errorFromStatus(outcome.value);
    expect(error).toBeInstanceOf(ModelNotFoundError);
    expect(error.message).toBe("no such model");
  }
});

test("what ends the batch is raised behind the results before it", async () => {
  gateway.batch = (one) =>
    one.id === "b" ? failure(status.UNAVAILABLE, "GATEWAY_OVERLOADED") : { id: one.id };
  const results = client.batch([item("a"), item("b")]);
  expect((await results.next()).value?.id).toBe("a");
  await expect(results.next()).rejects.toMatchObject({ reason: "GATEWAY_OVERLOADED" });
});

test("a bare end in the middle is an interruption", async () => {
  gateway.batch = (one) => (one.id === "b" ? new Failure(status.UNAVAILABLE) : { id: one.id });
  const results = client.batch([item("a"), item("b")]);
  await results.next();
  await expect(results.next()).rejects.toBeInstanceOf(StreamInterruptedError);
});

test("a batch with fewer results than items is not whole", async () => {
  gateway.endsAtOnce = true;
  await expect(ids(client.batch([item("a")]))).rejects.toThrow("it ended with 0 results");
});

test("a batch that ends while items still come is not whole", async () => {
  gateway.endsAtOnce = true;
  async function* waiting(): AsyncGenerator<BatchItemInit> {
    await new Promise<never>(() => undefined);
    yield item("a");
  }
  await expect(ids(client.batch(waiting()))).rejects.toThrow("0 results for 0 items");
});

test("what the items throw is thrown, and the call cancelled", async () => {
  function* broken() {
    yield item("a");
    throw new RangeError("mine");
  }
  await expect(ids(client.batch(broken()))).rejects.toThrow(RangeError);
  await until(() => gateway.cancelled === 1);
  const misfits = [{ maxTokens: "many" }, { max_tokens: 1 }];
  for (const value of misfits) {
    const batch = client.batch([{ id: "a", request: { case: "generate", value } } as never]);
    await expect(ids(batch)).rejects.toThrow(TypeError);
  }
  expect(() => batchItem("a", { max_tokens: 1 } as never)).toThrow("no field max_tokens");
});

test("an item may be a plain object of the contract", async () => {
  const value = { messages: [user("plain")] };
  expect(await ids(client.batch([{ id: "a", request: { case: "generate", value } }]))).toEqual([
    "a",
  ]);
  expect(gateway.items[0]?.request.value?.messages[0]?.content).toBe("plain");
});

test("left early it is cancelled, and no more is pulled", async () => {
  let pulled = 0;
  let closed = false;
  function* endless() {
    try {
      for (;;) yield item(`${(pulled += 1)}`);
    } finally {
      closed = true;
    }
  }
  for await (const { id } of client.batch(endless())) {
    expect(id).toBe("1");
    break;
  }
  await until(() => gateway.cancelled === 1 && closed);
  const before = pulled;
  await new Promise((resolve) => setTimeout(resolve, 100));
  expect(pulled).toBe(before);
});

test("a signal ends it", async () => {
  gateway.batch = ({ id }) => ({ id });
  const controller = new AbortController();
  async function* open() {
    yield item("a");
    await new Promise(() => undefined);
  }
  const results = client.batch(open(), { signal: controller.signal });
  await results.next();
  const waiting = results.next();
  controller.abort();
  await expect(waiting).rejects.toMatchObject({ name: "AbortError" });
});

test("its own deadline ends it, and the client's is for other calls", async () => {
  await using hasty = new GatewayClient(gateway.address, { timeout: 60_000 });
  expect(await ids(hasty.batch([item("a")]))).toEqual(["a"]);
  expect(gateway.deadlines).toEqual([Infinity]);
  async function* open() {
    yield item("a");
    await new Promise(() => undefined);
  }
  const results = hasty.batch(open(), { timeout: 500 });
  await expect(ids(results)).rejects.toBeInstanceOf(GenerationTimeoutError);
});

test("a gateway that does not read holds the items back", async () => {
  gateway.reads = false;
  let pulled = 0;
  const long = "x".repeat(100_000);
  function* many() {
    while (pulled < 1_000) yield item(`${(pulled += 1)}`, long);
  }
  const results = client.batch(many());
  const waiting = results.next().catch((error: unknown) => error);
  await until(() => pulled > 0);
  let before = -1;
  while (pulled !== before) {
    before = pulled;
    await new Promise((resolve) => setTimeout(resolve, 300));
  }
  expect(pulled).toBeLessThan(50); // 5 of 100 MB
  await results.return();
  expect(await waiting).toBeInstanceOf(StreamInterruptedError);
});

test("nobody there: an error within seconds, and a gateway that comes is found", async () => {
  const folder = mkdtempSync(join(tmpdir(), "llmrpc-"));
  onTestFinished(() => {
    rmSync(folder, { recursive: true });
  });
  const nobody = `unix:${folder}/gateway`; // at a port another process could begin to listen
  const pass = stoppedClock();
  await using lost = new GatewayClient(nobody);
  const error = ids(lost.batch([item("a")])).catch((caught: unknown) => caught);
  await pass(1_000);
  expect(await error).toBeInstanceOf(LLMClientError);
  const results = ids(lost.batch([item("a")]));
  const there = await new Gateway().start(undefined, nobody);
  onTestFinished(() => {
    there.close();
  });
  await pass(900);
  expect(await results).toEqual(["a"]);
});
