// Reading ahead: what has come stays readable, whatever ends the call.

import type { ClientReadableStream } from "@grpc/grpc-js";

import type { Received } from "./method.js";

/** Bytes of messages that wait for their reader; behind them flow control holds the other end. */
const BOUND = 4 * 2 ** 20;

/**
 * The messages of a call of grpc-js, which forgets those that nobody had read when the call
 * ends with an error (grpc/grpc-node#2764). So they are taken from it as they come.
 */
export class Ahead<T> {
  readonly #rpc: ClientReadableStream<Received<T>>;
  readonly #waiting: Received<T>[] = [];
  #bytes = 0;
  #over = false;
  #failure: Error | undefined;
  #wake: () => void = () => undefined;

  constructor(rpc: ClientReadableStream<Received<T>>) {
    this.#rpc = rpc;
    rpc.on("data", (received: Received<T>) => {
      this.#waiting.push(received);
      this.#bytes += received.size;
      if (this.#bytes >= BOUND) rpc.pause();
      this.#wake();
    });
    rpc.on("error", (error: Error) => {
      this.#failure ??= error; // its end comes behind what it still holds
    });
    rpc.on("end", () => {
      this.#over = true;
      this.#wake();
    });
  }

  /** The next message, or undefined at a good end; raises what the call failed with. */
  async take(): Promise<T | undefined> {
    while (this.#waiting.length === 0 && !this.#over) {
      await new Promise<void>((resolve) => (this.#wake = resolve));
    }
    const received = this.#waiting.shift();
    if (received === undefined) {
      if (this.#failure !== undefined) throw this.#failure;
      return undefined;
    }
    this.#bytes -= received.size;
    if (this.#bytes < BOUND) this.#rpc.resume();
    return received.message;
  }
}
