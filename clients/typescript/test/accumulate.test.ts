// The law: deltas add up to the completed message, also where a newer gateway sent them.

import { type MessageInitShape, create, toBinary } from "@bufbuild/protobuf";
import { describe, expect, test } from "vitest";

import {
  AnnotationSchema,
  type Delta,
  DeltaSchema,
  ImageSchema,
  LLMMessageSchema,
  LLMResponseSchema,
  type Part,
  PartSchema,
  ProviderBlockSchema,
  Role,
  SignatureSchema,
  StreamEventSchema,
  ToolCallSchema,
  Waiting_Reason,
  accumulate,
} from "../src/index.js";
import { future, unknownDelta, unknownPart } from "./future.js";
import { type EventInit, response, stream } from "./gateway.js";

type PartInit = MessageInitShape<typeof PartSchema>;
type DeltaKind = NonNullable<MessageInitShape<typeof DeltaSchema>["kind"]>;
type PartKind = NonNullable<PartInit["kind"]>;

const SOURCE = { case: "data", value: new Uint8Array([1, 2]) } as const;
const IMAGE = {
  case: "image",
  value: create(ImageSchema, { source: SOURCE, mediaType: "image/png" }),
} as const;
const BLOCK = {
  case: "providerBlock",
  value: create(ProviderBlockSchema, { provider: "p", type: "t", data: "{}", id: "b1" }),
} as const;
const REDACTED = { case: "redactedReasoning", value: "xx" } as const;
const SIGNATURE = create(SignatureSchema, { provider: "p", data: "s" });
const CITED = create(AnnotationSchema, { provider: "p", url: "https://example.com/" });

const text = (value: string) => ({ case: "text", value }) as const;
const call = (value: MessageInitShape<typeof ToolCallSchema>) =>
  ({ case: "toolCall", value: create(ToolCallSchema, value) }) as const;
const signed = { case: "signature", value: SIGNATURE } as const;
const cited = { case: "annotation", value: CITED } as const;
const at = (partIndex: number, kind: DeltaKind) => create(DeltaSchema, { partIndex, kind });
const part = (kind: PartKind, rest: Pick<PartInit, "signature" | "annotations"> = {}) =>
  create(PartSchema, { ...rest, kind });

const build = (events: EventInit[]) => events.map((event) => create(StreamEventSchema, event));

/** A stream of these deltas, one an event, that is completed with these parts. */
function played(deltas: Delta[], parts: Part[], before: EventInit[] = []) {
  const rest = deltas.map((delta): EventInit => ({ deltas: [delta] }));
  const completed = { message: { role: Role.ASSISTANT, parts } };
  const events = [...before, ...rest, { completed }];
  return build(events.map((event, place) => ({ ...event, sequence: place + 1 })));
}

test("every kind of delta, in ordered, signed and annotated parts", async () => {
  const deltas = [
    at(0, { case: "reasoning", value: "Hm" }),
    at(0, { case: "reasoning", value: "…" }),
    at(0, signed),
    at(1, REDACTED),
    at(2, text("")),
    at(3, call({ id: "c1", name: "weather" })),
    at(3, call({ arguments: '{"a"' })),
    at(3, call({ arguments: ":1}" })),
    at(4, { case: "refusal", value: "No." }),
    at(5, BLOCK),
    at(6, IMAGE),
    at(2, cited),
    at(2, text("It")),
    at(2, cited),
    at(5, signed),
  ];
  const events = played(deltas, [
    part({ case: "reasoning", value: "Hm…" }, { signature: SIGNATURE }),
    part(REDACTED),
    part(text("It"), { annotations: [CITED, CITED] }),
    part(call({ id: "c1", name: "weather", arguments: '{"a":1}' })),
    part({ case: "refusal", value: "No." }),
    part(BLOCK, { signature: SIGNATURE }),
    part(IMAGE),
  ]);
  expect(await accumulate(events)).toBe(events.at(-1)?.completed);
});

test("an answer without parts", async () => {
  const completed = response("");
  expect(await accumulate(build([{ sequence: 1, completed }]))).toEqual(completed);
  const bare = create(LLMResponseSchema, { content: "" });
  expect(await accumulate(build([{ sequence: 1, completed: bare }]))).toBe(bare);
});

const HELLO = part(text("Hello"));
const CALL = call({ id: "c", name: "f" });
const ADD_UP: Record<string, [Delta[], Part[]]> = {
  "an unknown part between known ones": [
    [at(0, text("Hello")), unknownDelta(1), unknownDelta(1, "more"), at(2, text("!"))],
    [HELLO, unknownPart(), part(text("!"))],
  ],
  "an unknown part that is known when it is complete": [
    [unknownDelta(0), at(1, text("Hello"))],
    [part({ case: "refusal", value: "no" }), HELLO],
  ],
  "a known part that is unknown when it is complete": [[at(0, text("Hello"))], [unknownPart()]],
  "an unknown delta of a known part": [
    [at(0, text("Hel")), unknownDelta(0), at(0, text("lo"))],
    [HELLO],
  ],
  "known deltas of an unknown part": [
    [unknownDelta(0), at(0, signed), at(0, cited), at(0, text("x")), at(0, BLOCK), at(0, IMAGE)],
    [unknownPart({ signature: SIGNATURE })],
  ],
  "an unknown field of a delta": [
    [future(DeltaSchema, at(0, text("Hel"))), at(0, text("lo"))],
    [HELLO],
  ],
  "an unknown field of a completed part": [[at(0, text("Hello"))], [future(PartSchema, HELLO)]],
  "unknown fields inside a completed part": [
    [at(0, CALL), at(0, signed), at(1, BLOCK), at(2, IMAGE), at(3, text("Hello")), at(3, cited)],
    [
      part(call(future(ToolCallSchema, CALL.value)), {
        signature: future(SignatureSchema, SIGNATURE),
      }),
      part({ case: "providerBlock", value: future(ProviderBlockSchema, BLOCK.value) }),
      part({ case: "image", value: future(ImageSchema, IMAGE.value) }),
      part(text("Hello"), { annotations: [future(AnnotationSchema, CITED)] }),
    ],
  ],
  "an unknown part that no delta announced": [[at(0, text("Hello"))], [HELLO, unknownPart()]],
};

describe("the completed response is given as it came", () => {
  test.each(Object.entries(ADD_UP))("%s", async (_, [deltas, parts]) => {
    const events = played(deltas, parts);
    const sent = create(LLMMessageSchema, { role: Role.ASSISTANT, parts });
    const answer = await accumulate(events);
    expect(answer).toBe(events.at(-1)?.completed);
    expect(answer.message && toBinary(LLMMessageSchema, answer.message)).toEqual(
      toBinary(LLMMessageSchema, sent),
    );
  });
});

test("a restart forgets all parts, and waiting changes nothing", async () => {
  const waiting = { waiting: { reason: Waiting_Reason.QUEUED } };
  const before = [
    waiting,
    { deltas: [at(0, text("Lost")), unknownDelta(1)] },
    waiting,
    { restarted: {}, deltas: [at(0, text("Hel"))] },
    waiting,
  ];
  const events = played([at(0, text("lo"))], [HELLO], before);
  expect(await accumulate(events)).toBe(events.at(-1)?.completed);
});

const kinds = (first: DeltaKind, second: DeltaKind, kind: PartKind) =>
  played([at(0, first), at(0, second)], [part(kind)]);

test.each<[string, ReturnType<typeof build>, string]>([
  ["no completed", build(stream("a").slice(0, 1)), "without its completed"],
  ["nothing", [], "without its completed"],
  ["a gap", build([{ sequence: 2 }]), "event 2 came instead of 1"],
  ["an event behind the end", build([...stream("a"), { sequence: 3 }]), "after the completed"],
  ["a part skipped", played([at(0, text("a")), at(2, text("b"))], []), "part 2 arrived when 1"],
  ["a part before the first", played([at(-1, text("b"))], []), "part -1 arrived when 0"],
  ["an unknown part skipped", played([unknownDelta(1)], [unknownPart()]), "part 1 arrived when 0"],
  ["a signature of nothing", played([at(0, signed)], [unknownPart()]), "part 0 arrived when 0"],
  ["an annotation of nothing", played([at(0, cited)], [unknownPart()]), "part 0 arrived when 0"],
  [
    "a part of another kind",
    kinds(text("a"), { case: "reasoning", value: "b" }, text("ab")),
    "changed from text to reasoning",
  ],
  ["a block for text", kinds(text("a"), BLOCK, text("a")), "changed from text to providerBlock"],
  ["a second provider block", kinds(BLOCK, BLOCK, BLOCK), "a second providerBlock"],
  ["a second image", kinds(IMAGE, IMAGE, IMAGE), "a second image"],
  ["a second redacted reasoning", kinds(REDACTED, REDACTED, REDACTED), "a second redacted"],
  ["a lost part", played([at(0, text("Hello")), unknownDelta(1)], [HELLO]), "made 2 parts"],
  ["a known part that no delta announced", played([at(0, text("Hello"))], [HELLO, HELLO]), "has 2"],
  ["another text", played([at(0, text("Hallo"))], [HELLO]), "add up to part 0"],
  [
    "another text with an unknown field",
    played([at(0, text("Hallo"))], [future(PartSchema, HELLO)]),
    "add up to part 0",
  ],
  [
    "a second part of another text",
    played([unknownDelta(0), at(1, text("Hallo"))], [unknownPart(), HELLO]),
    "add up to part 1",
  ],
  [
    "a lost annotation",
    played([at(0, text("Hello"))], [part(text("Hello"), { annotations: [CITED] })]),
    "add up to part 0",
  ],
  ["a lost signature", played([at(0, text("Hello")), at(0, signed)], [HELLO]), "add up to part 0"],
  [
    "other arguments",
    played([at(0, call({ id: "c", arguments: "{}" }))], [part(call({ id: "c" }))]),
    "add up to part 0",
  ],
  [
    "another block",
    played([at(0, BLOCK)], [part({ case: "providerBlock", value: { data: "[]" } })]),
    "add up to part 0",
  ],
])("not whole: %s", async (_, events, message) => {
  await expect(accumulate(events)).rejects.toThrow(message);
});
