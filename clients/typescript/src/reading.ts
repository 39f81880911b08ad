// What comes of a call piece by piece: an iterator that starts the call and ends it.

import type { Readable } from "node:stream";

import type { Call } from "./call.js";

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
 * The messages of a call of grpc-js, read one at a time; what is not read is held back at
 * the other end by flow control. Raises what the call fails with behind the last message.
 */
export async function* messages<T>(rpc: Readable, call: Call): AsyncGenerator<T, void, undefined> {
  rpc.on("error", () => undefined); // also what comes when nobody reads any more
  let started = false;
  try {
    for await (const message of rpc.iterator({ destroyOnReturn: false })) {
      if (call.aborted) throw call.reason();
      started = true;
      yield message as T;
    }
    call.finish();
  } catch (error) {
    throw call.failure(error, started);
  }
}
