// The parts that deltas add up to, those of unknown kinds included.

import { create, equals } from "@bufbuild/protobuf";

import { StreamInterruptedError } from "./errors.js";
import {
  type Annotation,
  type Part,
  PartSchema,
  type Signature,
} from "./gen/llmrpc/v1/message_pb.js";
import type { Delta } from "./gen/llmrpc/v1/response_pb.js";

/** What a delta can add, of the kinds that this client knows. */
type Known = Exclude<Delta["kind"], { case: undefined }>;

/** What can start a part. */
type Start = Exclude<Known, { case: "signature" | "annotation" }>;

/** Adds up the deltas of a stream. */
export class Accumulator {
  /** The parts so far; undefined is one whose kind this client does not know. */
  readonly #parts: (PartBuilder | undefined)[] = [];

  /**
   * Adds one delta. Throws `StreamInterruptedError` for one that skips an index or changes
   * the kind of a part: then something was lost on the way.
   */
  add({ partIndex, kind }: Delta): void {
    const count = this.#parts.length;
    const attached = kind.case === "signature" || kind.case === "annotation";
    if (partIndex < 0 || partIndex > count || (attached && partIndex === count)) {
      throw new StreamInterruptedError(`part ${partIndex} arrived when ${count} parts were known`);
    }
    const part = this.#parts[partIndex];
    if (kind.case === undefined) {
      if (partIndex === count) this.#parts.push(undefined);
    } else if (kind.case === "signature") {
      if (part !== undefined) part.signature = kind.value;
    } else if (kind.case === "annotation") {
      part?.annotations.push(kind.value);
    } else if (partIndex === count) {
      this.#parts.push(new PartBuilder(kind));
    } else {
      part?.append(kind, partIndex);
    }
  }

  /**
   * Throws `StreamInterruptedError` if the deltas do not add up to these parts. Parts of an
   * unknown kind, on either side, and unknown fields prove nothing and are passed over.
   */
  check(completed: readonly Part[]): void {
    const count = this.#parts.length;
    const unannounced = completed.slice(count).some(({ kind }) => kind.case !== undefined);
    if (completed.length < count || unannounced) {
      throw new StreamInterruptedError(
        `the deltas made ${count} parts, and the completed message has ${completed.length}`,
      );
    }
    for (const [index, theirs] of completed.entries()) {
      const mine = this.#parts[index];
      if (mine === undefined || theirs.kind.case === undefined) continue;
      // equals disregards unknown fields, at any depth.
      if (!equals(PartSchema, mine.build(), theirs)) {
        throw new StreamInterruptedError(
          `the deltas do not add up to part ${index} of the completed message`,
        );
      }
    }
  }
}

/** A part under construction, to compare with and not to be sent; texts are joined at the end. */
class PartBuilder {
  readonly annotations: Annotation[] = [];
  signature: Signature | undefined;
  readonly #start: Start;
  readonly #chunks: string[];

  constructor(start: Start) {
    this.#start = start;
    this.#chunks = [added(start) ?? ""];
  }

  append(more: Start, index: number): void {
    if (more.case !== this.#start.case) {
      throw new StreamInterruptedError(
        `part ${index} changed from ${this.#start.case} to ${more.case}`,
      );
    }
    const text = added(more);
    if (text === undefined) {
      throw new StreamInterruptedError(`a second ${more.case} arrived for part ${index}`);
    }
    this.#chunks.push(text);
  }

  build(): Part {
    const { annotations, signature } = this;
    const kind = withText(this.#start, this.#chunks.join(""));
    return create(PartSchema, {
      kind,
      annotations,
      ...(signature === undefined ? {} : { signature }),
    });
  }
}

/** The text of a kind that grows; undefined for one of which a delta is the complete part. */
function added(kind: Start): string | undefined {
  switch (kind.case) {
    case "text":
    case "reasoning":
    case "refusal":
      return kind.value;
    case "toolCall":
      return kind.value.arguments;
    case "redactedReasoning":
    case "providerBlock":
    case "image":
      return undefined;
  }
}

/** The kind with all the text that grew, if it is one that grows. */
function withText(start: Start, text: string): Part["kind"] {
  switch (start.case) {
    case "text":
    case "reasoning":
    case "refusal":
      return { case: start.case, value: text };
    case "toolCall":
      return { case: start.case, value: { ...start.value, arguments: text } };
    default:
      return start;
  }
}
