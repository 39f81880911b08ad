// A response from its stream, also from a gateway that is newer than this client.

import { StreamInterruptedError } from "./errors.js";
import type { LLMResponse, StreamEvent } from "./gen/llmrpc/v1/response_pb.js";
import { Accumulator } from "./parts.js";

/**
 * The response of a complete stream, as it came: what `generate` would have returned, with
 * all that this client does not know. Rejects with `StreamInterruptedError` if the stream is
 * not complete: a gap in the sequence, no `completed` at the end or an event after it, or
 * deltas that do not add up to the completed message. What the client does not know proves
 * nothing and is passed over.
 */
export async function accumulate(
  events: AsyncIterable<StreamEvent> | Iterable<StreamEvent>,
): Promise<LLMResponse> {
  let parts = new Accumulator();
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
    if (event.restarted !== undefined) parts = new Accumulator();
    for (const delta of event.deltas) parts.add(delta);
    completed = event.completed;
  }
  if (completed === undefined) {
    throw new StreamInterruptedError("the stream ended without its completed response");
  }
  parts.check(completed.message?.parts ?? []);
  return completed;
}
