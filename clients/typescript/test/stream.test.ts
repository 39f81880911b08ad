// Streams: whole or an error, never in between; left early they are cancelled.

import { status } from "@grpc/grpc-js";
import { afterEach, beforeEach, expect, test } from "vitest";

import {
  GatewayClient,
  GenerationTimeoutError,
  type StreamEvent,
  StreamInterruptedError,
  user,
} from "../src/index.js";
import {
  type EventInit,
  Failure,
  Gateway,
  HANG,
  failure,
  stoppedClock,
  stream,
  until,
} from "./gateway.js";

const REQUEST = { messages: [user("Hello")] };
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

/** What came, and what it ended with. */
async function read<T>(pieces: AsyncIterable<T>): Promise<[T[], unknown]> {
  const seen: T[] = [];
  try {
    for await (const piece of pieces) seen.push(piece);
  } catch (error) {
    return [seen, error];
  }
  return [seen, undefined];
}

test("events, and text alone with empty deltas", async () => {
  gateway.streams = [stream("An", "", " answer")];
  const [events, error] = await read(client.stream(REQUEST));
  expect(error).toBeUndefined();
  expect(events.map((event) => event.sequence)).toEqual([1, 2, 3, 4]);
  expect(events.at(-1)?.completed?.content).toBe("An answer");
  expect(await read(client.text(REQUEST))).toEqual([["An", "", " answer"], undefined]);
});

const [FIRST, SECOND, LAST] = stream("An", " answer") as [EventInit, EventInit, EventInit];

test.each([
  ["no completed", [FIRST, SECOND], 2, "without its completed"],
  ["nothing at all", [], 0, "without its completed"],
  ["a gap", [FIRST, LAST], 1, "event 3 came for 2"],
  ["a start behind the start", [SECOND], 0, "event 2 came for 1"],
  ["an event behind the end", [FIRST, SECOND, LAST, { sequence: 4 }], 3, "behind the completed"],
])("a stream that is not whole: %s", async (_, script, seen, message) => {
  gateway.streams = [script];
  const [events, error] = await read(client.stream(REQUEST));
  expect(events).toHaveLength(seen);
  expect(error).toBeInstanceOf(StreamInterruptedError);
  expect(String(error)).toContain(message);
  expect(error).toMatchObject({ requestId: gateway.metadata[0]?.["x-request-id"] });
});

test("what is not whole is cancelled", async () => {
  gateway.streams = [[FIRST, LAST, HANG]];
  expect((await read(client.stream(REQUEST)))[1]).toBeInstanceOf(StreamInterruptedError);
  await until(() => gateway.cancelled === 1);
});

test("a deadline, before the first event and in the middle", async () => {
  await client.health(); // connected
  const pass = stoppedClock();
  for (const [calls, script] of ([[HANG], [FIRST, HANG]] as const).entries()) {
    gateway.streams = [[...script]];
    const events = client.stream(REQUEST, { timeout: 1_000 });
    if (script.length === 2) expect((await events.next()).value?.sequence).toBe(1);
    const late = events.next().catch((error: unknown) => error);
    await until(() => gateway.requests.length === calls + 1);
    await pass(1_000);
    expect(await late).toBeInstanceOf(GenerationTimeoutError);
    await until(() => gateway.cancelled === calls + 1);
  }
});

test("a connection that is lost in the middle", async () => {
  gateway.streams = [[FIRST, HANG]];
  const events = client.stream(REQUEST);
  await events.next();
  gateway.close();
  await expect(events.next()).rejects.toMatchObject({
    name: "StreamInterruptedError",
    retryable: false,
    requestId: gateway.metadata[0]?.["x-request-id"],
  });
});

test("an error with details comes behind the events before it", async () => {
  gateway.streams = [[FIRST, failure(status.UNAVAILABLE, "STREAM_INTERRUPTED")]];
  const [events, error] = await read(client.stream(REQUEST));
  expect(events).toHaveLength(1);
  expect(error).toMatchObject({
    name: "StreamInterruptedError",
    reason: "STREAM_INTERRUPTED",
    requestId: "theirs",
    usage: { outputTokens: 7 },
  });
});

test("a slow reader gets all that came before an error", async () => {
  const texts = Array.from({ length: 300 }, (_, i) => `${i}`);
  const sent = stream(...texts).slice(0, texts.length);
  gateway.streams = [[...sent, failure(status.UNAVAILABLE, "STREAM_INTERRUPTED")]];
  let seen = 0;
  const slowly = async () => {
    for await (const event of client.stream(REQUEST)) {
      expect(event.sequence).toBe((seen += 1));
      await new Promise((resolve) => setTimeout(resolve, 1));
    }
  };
  await expect(slowly()).rejects.toMatchObject({ reason: "STREAM_INTERRUPTED" });
  expect(seen).toBe(texts.length);
});

test("tried again before the first event, never behind it", async () => {
  gateway.streams = [[new Failure(status.UNAVAILABLE)], stream("late")];
  expect((await read(client.text(REQUEST)))[0]).toEqual(["late"]);
  expect(gateway.requests).toHaveLength(2);
  gateway.streams = [[FIRST, new Failure(status.UNAVAILABLE)]];
  expect((await read(client.stream(REQUEST)))[1]).toBeInstanceOf(StreamInterruptedError);
  expect(gateway.requests).toHaveLength(3);
});

test("nothing is sent until the first event is asked for", async () => {
  gateway.streams = [stream("a")];
  await client.stream(REQUEST).return();
  await client.health();
  expect(gateway.requests).toHaveLength(0);
});

test("break cancels", async () => {
  gateway.streams = [[FIRST, HANG]];
  for await (const event of client.stream(REQUEST)) {
    expect(event.sequence).toBe(1);
    break;
  }
  await until(() => gateway.cancelled === 1);
});

test("return ends a read that waits", async () => {
  gateway.streams = [[FIRST, HANG]];
  const events = client.stream(REQUEST);
  await events.next();
  const waiting = events.next();
  await Promise.all([
    expect(waiting).rejects.toThrow("it was left"),
    expect(events.return()).resolves.toEqual({ done: true, value: undefined }),
  ]);
  expect(await events.next()).toEqual({ done: true, value: undefined });
  await until(() => gateway.cancelled === 1);
});

test("a signal, before the first event and in the middle", async () => {
  for (const script of [[HANG], [FIRST, HANG]] as const) {
    gateway.streams = [[...script]];
    const controller = new AbortController();
    const calls = gateway.requests.length;
    const events = client.stream(REQUEST, { signal: controller.signal });
    if (script.length === 2) await events.next();
    const waiting = events.next();
    await until(() => gateway.requests.length > calls);
    controller.abort(new Error("enough"));
    await expect(waiting).rejects.toThrow("enough");
  }
  await until(() => gateway.cancelled === 2);
});

test("closing the client ends a stream", async () => {
  gateway.streams = [[FIRST, HANG]];
  const events = client.stream(REQUEST);
  await events.next();
  const waiting = events.next();
  client.close();
  await expect(waiting).rejects.toThrow("the client was closed");
});

test("a slow reader holds the gateway back", async () => {
  const many = 500;
  let written = 0;
  const chunk = "x".repeat(50_000);
  const script = {
    *[Symbol.iterator](): Generator<EventInit> {
      for (const event of stream(...Array.from({ length: many }, () => chunk)).slice(0, many)) {
        written += 1;
        yield event;
      }
    },
  };
  gateway.streams = [script as unknown as EventInit[]];
  const events = client.stream(REQUEST);
  await events.next();
  let before = -1;
  while (written !== before) {
    before = written;
    await new Promise((resolve) => setTimeout(resolve, 300));
  }
  expect(written).toBeLessThan(200); // 10 of 25 MB
  let seen = 1;
  let last: IteratorResult<StreamEvent, undefined> | undefined;
  while (seen < many && last?.done !== true) {
    last = await events.next();
    seen += 1;
  }
  expect(written).toBe(many);
  await events.return();
});
