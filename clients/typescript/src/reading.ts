// What comes of a call piece by piece: an iterator that starts the call and ends it.

import type { ClientReadableStream } from "@grpc/grpc-js";

import { Ahead } from "./ahead.js";
import type { Call } from "./call.js";
import type { Received } from "./method.js";

/**
 * The pieces of one call, for one `for await`. The call is sent when the first is asked
 * for, and leaving early, by `break`, `return()` or `await using`, cancels it at once.
 */
export class Pieces<T> implements AsyncIterableIterator<T> {
  readonly #open: () => Call;
  readonly #read: (call: Call) => AsyncGenerator<T, void, undefined>;
  #call: Call | undefined;
  #pieces: AsyncGenerator<T, void, undefined> | undefined;
  #left = false;

  /** @internal */
  constructor(open: () => Call, read: (call: Call) => AsyncGenerator<T, void, undefined>) {
    this.#open = open;
    this.#read = read;
  }

  /** The next piece; rejects with what broke the call. */
  async next(): Promise<IteratorResult<T, undefined>> {
    if (this.#left) return { done: true, value: undefined };
    if (this.#pieces === undefined) {
      this.#call = this.#open();
      this.#pieces = released(this.#call, this.#read(this.#call));
    }
    const { done, value } = await this.#pieces.next();
    return done === true ? { done, value: undefined } : { done: false, value };
  }

  /** Cancels the call, where it still runs. */
  async return(): Promise<IteratorResult<T, undefined>> {
    this.#left = true;
    this.#call?.leave();
    await this.#pieces?.return();
    return { done: true, value: undefined };
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.return();
  }
}

async function* released<T>(
  call: Call,
  pieces: AsyncGenerator<T, void, undefined>,
): AsyncGenerator<T, void, undefined> {
  try {
    yield* pieces;
  } finally {
    call.release();
  }
}

/**
 * The messages of a call of grpc-js. Raises what the call fails with behind the last
 * message. Of a reader that is too slow, the gateway is held back by flow control.
 */
export async function* messages<T>(
  rpc: ClientReadableStream<Received<T>>,
  call: Call,
): AsyncGenerator<T, void, undefined> {
  const ahead = new Ahead(rpc);
  let started = false;
  try {
    for (;;) {
      const message = await ahead.take();
      if (message === undefined) break;
      if (call.aborted) throw call.reason();
      started = true;
      yield message;
    }
    call.finish();
  } catch (error) {
    throw call.failure(error, started);
  }
}
