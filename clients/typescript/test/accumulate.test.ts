// The law: deltas add up to the completed message, or the stream is not whole.

import { create } from "@bufbuild/protobuf";
import { expect, test } from "vitest";

import { StreamEventSchema, accumulate } from "../src/index.js";
import { type EventInit, response, stream } from "./gateway.js";

const build = (events: EventInit[]) => events.map((event) => create(StreamEventSchema, event));

test("every kind of delta, in ordered and signed parts", async () => {
  const signature = { provider: "anthropic", data: "sig", id: "" };
  const call = { id: "c1", name: "weather" };
  const events = build([
    {
      sequence: 1,
      deltas: [
        { partIndex: 0, kind: { case: "reasoning", value: "Hm" } },
        { partIndex: 0, kind: { case: "reasoning", value: "…" } },
        { partIndex: 0, kind: { case: "signature", value: signature } },
        { partIndex: 0 },
        { partIndex: 1, kind: { case: "redactedReasoning", value: "xx" } },
      ],
    },
    {
      sequence: 2,
      deltas: [
        { partIndex: 2, kind: { case: "text", value: "" } },
        { partIndex: 3, kind: { case: "toolCall", value: { ...call, arguments: "" } } },
        { partIndex: 3, kind: { case: "toolCall", value: { arguments: '{"a"' } } },
        { partIndex: 3, kind: { case: "toolCall", value: { arguments: ":1}" } } },
        { partIndex: 4, kind: { case: "refusal", value: "No." } },
      ],
      completed: {
        message: {
          parts: [
            { kind: { case: "reasoning", value: "Hm…" }, signature },
            { kind: { case: "redactedReasoning", value: "xx" } },
            { kind: { case: "text", value: "" } },
            { kind: { case: "toolCall", value: { ...call, arguments: '{"a":1}' } } },
            { kind: { case: "refusal", value: "No." } },
          ],
        },
      },
    },
  ]);
  expect(await accumulate(events)).toBe(events[1]?.completed);
});

test("an answer without parts", async () => {
  const completed = response("");
  expect(await accumulate(build([{ sequence: 1, completed }]))).toEqual(completed);
});

const delta = (partIndex: number, kind: "text" | "reasoning") => ({
  sequence: 1,
  deltas: [
    { partIndex: 0, kind: { case: "text", value: "a" } as const },
    { partIndex, kind: { case: kind, value: "b" } as const },
  ],
});

test.each<[string, EventInit[], string]>([
  ["no completed", stream("a").slice(0, 1), "without its completed"],
  ["nothing", [], "without its completed"],
  ["a gap", [{ sequence: 2 }], "event 2 came instead of 1"],
  ["an event behind the end", [...stream("a"), { sequence: 3 }], "after the completed"],
  ["a part that was skipped", [delta(2, "text")], "part 2 came while 1 parts were known"],
  ["a part before the first", [delta(-1, "text")], "part -1 came"],
  ["a part of another kind", [delta(0, "reasoning")], "changed from text to reasoning"],
  [
    "a signature of nothing",
    [{ sequence: 1, deltas: [{ partIndex: 0, kind: { case: "signature", value: {} } }] }],
    "part 0 came while 0 parts",
  ],
  ["other text", [...stream("a").slice(0, 1), { sequence: 2, completed: response("b") }], "add up"],
  ["missing text", [{ sequence: 1, completed: response("b") }], "add up"],
])("not whole: %s", async (_, events, message) => {
  await expect(accumulate(build(events))).rejects.toThrow(message);
});
