// The stream of an answer: its events, checked on the way, and its text alone.

import type { MessageInitShape } from "@bufbuild/protobuf";
import type { Client } from "@grpc/grpc-js";

import type { Call } from "./call.js";
import { LLMService } from "./gen/llmrpc/v1/llm_service_pb.js";
import type { GenerateRequestSchema } from "./gen/llmrpc/v1/request_pb.js";
import type { StreamEvent } from "./gen/llmrpc/v1/response_pb.js";
import { asIs, encode, methodOf, sized } from "./method.js";
import { messages } from "./reading.js";

const STREAM_TEXT = methodOf(LLMService.method.streamText);

/**
 * The events of one StreamText call. Raises `StreamInterruptedError` for a gap in the
 * sequence, for an end without `completed`, and for anything behind it.
 */
export async function* events(
  channel: Client,
  request: MessageInitShape<typeof GenerateRequestSchema>,
  call: Call,
): AsyncGenerator<StreamEvent, void, undefined> {
  const { path, input, output } = STREAM_TEXT;
  const bytes = encode(input, request);
  const { metadata, deadline } = call;
  const rpc = call.attach(
    channel.makeServerStreamRequest(path, asIs, sized(output), bytes, metadata, { deadline }),
  );
  let expected = 1;
  let whole = false;
  for await (const event of messages(rpc, call)) {
    if (whole) throw call.interrupted(`event ${event.sequence} came behind the completed response`);
    if (event.sequence !== expected) {
      throw call.interrupted(`event ${event.sequence} came for ${expected}`);
    }
    expected += 1;
    whole = event.completed !== undefined;
    yield event;
  }
  if (!whole) throw call.interrupted("it ended without its completed response");
}

/** The text of the events, piece by piece. */
export async function* texts(
  source: AsyncGenerator<StreamEvent, void, undefined>,
): AsyncGenerator<string, void, undefined> {
  for await (const event of source) {
    for (const delta of event.deltas) {
      if (delta.kind.case === "text") yield delta.kind.value;
    }
  }
}
