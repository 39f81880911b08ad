// A batch over one call: items go out as gRPC takes them, results come as they finish.

import { type MessageInitShape, create } from "@bufbuild/protobuf";
import type { Client } from "@grpc/grpc-js";

import type { Call } from "./call.js";
import {
  type BatchItem,
  BatchItemSchema,
  type BatchResult,
  LLMService,
} from "./gen/llmrpc/v1/llm_service_pb.js";
import type { GenerateRequestSchema } from "./gen/llmrpc/v1/request_pb.js";
import { asIs, encode, methodOf, sized } from "./method.js";
import { messages } from "./reading.js";
import { known } from "./request.js";

/** What a batch asks: an item with its id and what it asks for. */
export type BatchItemInit = MessageInitShape<typeof BatchItemSchema>;

/** Items, pulled one at a time. */
export type BatchItems = Iterable<BatchItemInit> | AsyncIterable<BatchItemInit>;

/** An item that asks for a response, as `generate` does. */
export function batchItem(
  id: string,
  request: MessageInitShape<typeof GenerateRequestSchema>,
): BatchItem {
  return create(BatchItemSchema, { id, request: { case: "generate", value: known(request) } });
}

const BATCH_GENERATE = methodOf(LLMService.method.batchGenerate);

/** Milliseconds that a gateway may take to be there: what the retries of other calls take. */
const PATIENCE = 1_000;

/** The results; whatever ends it early cancels the call and stops the pulling. */
export async function* results(
  channel: Client,
  items: BatchItems,
  call: Call,
): AsyncGenerator<BatchResult, void, undefined> {
  const { path, input, output } = BATCH_GENERATE;
  await connected(channel, call);
  const { metadata, deadline } = call;
  const rpc = call.attach(
    channel.makeBidiStreamRequest(path, asIs, sized(output), metadata, { deadline }),
  );
  const sending = new Sending(rpc, items, (item) => {
    if (item.request?.case === "generate") known(item.request.value);
    return encode(input, item);
  });
  let received = 0;
  try {
    for await (const result of messages(rpc, call)) {
      received += 1;
      yield result;
    }
    if (received !== sending.sent || !sending.finished) {
      throw call.interrupted(`it ended with ${received} results for ${sending.sent} items`);
    }
  } catch (error) {
    throw sending.failed ? sending.failure : error;
  } finally {
    sending.stop();
  }
}

/** Items are pulled once, so a batch cannot be tried again: it waits for its connection. */
async function connected(channel: Client, call: Call): Promise<void> {
  await new Promise<void>((resolve) => {
    call.attach({ cancel: resolve });
    channel.waitForReady(Math.min(call.deadline, Date.now() + PATIENCE), () => {
      resolve();
    });
  });
  if (call.aborted) throw call.reason();
}

interface Outgoing {
  write(bytes: Buffer, done: () => void): unknown;
  end(): unknown;
  cancel(): void;
}

/** Sends the items while results come in between. */
class Sending {
  sent = 0;
  /** Whether the items came to their end. */
  finished = false;
  /** Whether the caller's own iterable threw, or gave what is no item. */
  failed = false;
  failure: unknown;
  #stopped = false;
  #stop: () => void = () => undefined;

  constructor(rpc: Outgoing, items: BatchItems, encoded: (item: BatchItemInit) => Buffer) {
    this.#send(rpc, items, encoded).catch((error: unknown) => {
      this.failed = true;
      this.failure = error;
      rpc.cancel();
    });
  }

  async #send(
    rpc: Outgoing,
    items: BatchItems,
    encoded: (item: BatchItemInit) => Buffer,
  ): Promise<void> {
    for await (const item of items) {
      if (this.isStopped()) return;
      const bytes = encoded(item);
      this.sent += 1;
      await new Promise<void>((resolve) => {
        this.#stop = resolve;
        rpc.write(bytes, resolve);
      });
      if (this.isStopped()) return;
    }
    this.finished = true;
    rpc.end();
  }

  isStopped(): boolean {
    return this.#stopped;
  }

  /** Pulls no more. */
  stop(): void {
    this.#stopped = true;
    this.#stop();
  }
}
