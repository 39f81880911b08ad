// A conversation to keep: as bytes, since JSON loses what this release does not know.

import { type MessageInitShape, create, fromBinary, toBinary } from "@bufbuild/protobuf";

import type { LLMMessage, LLMMessageSchema } from "./gen/llmrpc/v1/message_pb.js";
import { GenerateRequestSchema } from "./gen/llmrpc/v1/request_pb.js";

/** The messages as the bytes of a `GenerateRequest`, which every language can read. */
export function historyToBytes(
  messages: readonly MessageInitShape<typeof LLMMessageSchema>[],
): Uint8Array {
  return toBinary(
    GenerateRequestSchema,
    create(GenerateRequestSchema, { messages: [...messages] }),
  );
}

/** The messages of these bytes, with all that this client does not know. */
export function historyFromBytes(bytes: Uint8Array): LLMMessage[] {
  return fromBinary(GenerateRequestSchema, bytes).messages;
}
