// The response that the events of a stream add up to.

import { create, equals } from "@bufbuild/protobuf";

import { StreamInterruptedError } from "./errors.js";
import { type Part, PartSchema, type Signature } from "./gen/llmrpc/v1/message_pb.js";
import type { Delta, LLMResponse, StreamEvent } from "./gen/llmrpc/v1/response_pb.js";

type Kind = "text" | "reasoning" | "refusal" | "redactedReasoning" | "toolCall";

/**
 * The response of a whole stream: what `generate` would have given. Rejects with
 * `StreamInterruptedError` where the stream is not whole: a gap in the sequence, no
 * `completed` at the end or an event behind it, or deltas that do not add up to the
 * completed message.
 */
export async function accumulate(
  events: AsyncIterable<StreamEvent> | Iterable<StreamEvent>,
): Promise<LLMResponse> {
  const parts: PartBuilder[] = [];
  let completed: LLMResponse | undefined;
  let expected = 1;
  for await (const event of events) {
    if (completed !== undefined) {
      throw new StreamInterruptedError("an event came after the completed response");
    }
    if (event.sequence !== expected) {
      throw new StreamInterruptedError(`event ${event.sequence} came instead of ${expected}`);
    }
    expected += 1;
    for (const delta of event.deltas) add(parts, delta);
    completed = event.completed;
  }
  if (completed === undefined) {
    throw new StreamInterruptedError("the stream ended without its completed response");
  }
  const given = completed.message?.parts ?? [];
  const same = (part: PartBuilder, place: number) => {
    const other = given[place];
    return other !== undefined && equals(PartSchema, part.build(), other);
  };
  if (given.length !== parts.length || !parts.every(same)) {
    throw new StreamInterruptedError("the deltas do not add up to the completed message");
  }
  return completed;
}

/** A part under construction; texts are joined once, at the end. */
class PartBuilder {
  readonly chunks: string[] = [];
  id = "";
  name = "";
  signature: Signature | undefined;

  constructor(readonly kind: Kind) {}

  build(): Part {
    const text = this.chunks.join("");
    const { id, name, signature } = this;
    const value = this.kind === "toolCall" ? { id, name, arguments: text } : text;
    const kind = { case: this.kind, value } as NonNullable<Part["kind"]>;
    return create(PartSchema, signature === undefined ? { kind } : { kind, signature });
  }
}

function add(parts: PartBuilder[], { partIndex, kind }: Delta): void {
  const known = parts[partIndex];
  const skipped = partIndex < 0 || partIndex > parts.length;
  if (skipped || (kind.case === "signature" && known === undefined)) {
    throw new StreamInterruptedError(
      `part ${partIndex} came while ${parts.length} parts were known`,
    );
  }
  if (kind.case === undefined) return;
  if (kind.case === "signature") {
    if (known !== undefined) known.signature = kind.value;
    return;
  }
  if (known !== undefined && known.kind !== kind.case) {
    throw new StreamInterruptedError(
      `part ${partIndex} changed from ${known.kind} to ${kind.case}`,
    );
  }
  const part = known ?? new PartBuilder(kind.case);
  if (known === undefined) parts.push(part);
  if (kind.case === "toolCall") {
    part.chunks.push(kind.value.arguments);
    if (known === undefined) ({ id: part.id, name: part.name } = kind.value);
  } else {
    part.chunks.push(kind.value);
  }
}
