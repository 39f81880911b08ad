// One call: what it is sent with, what ends it early, and what it fails with.

import { randomUUID } from "node:crypto";

import { Metadata, type ServiceError, status as Code } from "@grpc/grpc-js";

import { type LLMClientError, StreamInterruptedError } from "./errors.js";
import { REQUEST_ID_KEY, errorFromRpc } from "./status.js";

/** What may be given with every call. */
export interface CallOptions {
  /** Ends the call; it then rejects with the signal's reason, an `AbortError` by default. */
  signal?: AbortSignal | undefined;
  /** Milliseconds until the call must be over, in place of the client's own `timeout`. */
  timeout?: number | undefined;
  /** What the gateway's log and its answer call it; made by the client where absent. */
  requestId?: string | undefined;
  /** Further metadata, such as the trace context in `traceparent` and `tracestate`. */
  headers?: Readonly<Record<string, string>> | undefined;
}

/** What can be cancelled: a call of grpc-js, or a wait for its connection. */
export interface Cancellable {
  cancel(): void;
}

/** What every call of one client has in common. */
export interface Caller {
  readonly target: string;
  readonly authorization: string | undefined;
  readonly calls: Set<Call>;
  closed: boolean;
}

const OWN_HEADERS: Readonly<Record<string, string>> = {
  authorization: "token",
  [REQUEST_ID_KEY]: "requestId",
};

/** A call that runs, from its options to its end. */
export class Call {
  readonly requestId: string;
  readonly metadata = new Metadata();
  /** Milliseconds since the epoch; infinite without a deadline. */
  readonly deadline: number;
  readonly target: string;
  /** Whether its reader went away. */
  left = false;
  readonly #caller: Caller;
  readonly #signal: AbortSignal | undefined;
  readonly #cancel = () => {
    this.#rpc?.cancel();
  };
  #rpc: Cancellable | undefined;

  /** Throws where the client is closed, the signal aborted, or an option of no use. */
  constructor(caller: Caller, options: CallOptions) {
    if (caller.closed) throw new Error("this client is closed");
    options.signal?.throwIfAborted();
    this.#caller = caller;
    this.#signal = options.signal;
    this.target = caller.target;
    const { timeout } = options;
    this.deadline = timeout === undefined ? Infinity : Date.now() + checkedTimeout(timeout);
    this.requestId = options.requestId ?? randomUUID().replaceAll("-", "");
    this.metadata.set(REQUEST_ID_KEY, checkedValue("requestId", this.requestId));
    for (const [name, value] of Object.entries(options.headers ?? {})) {
      const option = OWN_HEADERS[name.toLowerCase()];
      if (option !== undefined) throw new TypeError(`headers: ${name} has its option, ${option}`);
      this.metadata.set(name, checkedValue(`headers.${name}`, value));
    }
    if (caller.authorization !== undefined) {
      this.metadata.set("authorization", caller.authorization);
    }
    caller.calls.add(this);
    this.#signal?.addEventListener("abort", this.#cancel);
  }

  /** Says what to cancel when the call must end early. */
  attach<R extends Cancellable>(rpc: R): R {
    this.#rpc = rpc;
    return rpc;
  }

  /** It ended by itself. */
  finish(): void {
    this.#rpc = undefined;
  }

  /** Its reader wants no more. */
  leave(): void {
    this.left = true;
    this.#cancel();
  }

  /** The call is over, and cancelled if it still ran. */
  release(): void {
    this.#signal?.removeEventListener("abort", this.#cancel);
    this.#caller.calls.delete(this);
    this.#cancel();
  }

  /** Ends it for a client that closes. */
  close(): void {
    this.#cancel();
  }

  /** What to throw for what grpc-js says; the signal's reason where that ended the call. */
  failure(error: unknown, started = false): unknown {
    if (!isServiceError(error)) return error;
    if (error.code === Code.CANCELLED && this.aborted) return this.reason();
    return errorFromRpc(error, this.target, this.requestId, started);
  }

  /** Why it was ended from here. */
  reason(): unknown {
    if (this.#signal?.aborted) return this.#signal.reason;
    return this.interrupted(this.left ? "it was left while it was read" : "the client was closed");
  }

  /** The error for an answer that is not whole. */
  interrupted(what: string): LLMClientError {
    return new StreamInterruptedError(`the answer from ${this.target} is not whole: ${what}`, {
      metadata: { target: this.target },
      requestId: this.requestId,
    });
  }

  /** Whether it was ended from here. */
  get aborted(): boolean {
    return this.left || this.#caller.closed || this.#signal?.aborted === true;
  }
}

function isServiceError(error: unknown): error is ServiceError {
  return error instanceof Error && "code" in error && "details" in error && "metadata" in error;
}

/** A value that a header can carry; grpc-js's own refusal repeats it. */
export function checkedValue(name: string, value: string): string {
  if (!/^[\x20-\x7e]*$/.test(value)) {
    throw new TypeError(`${name}: has characters that no header can carry`);
  }
  return value;
}

export function checkedTimeout(timeout: number): number {
  if (!(timeout >= 0)) throw new TypeError("timeout: is no number of milliseconds from 0");
  return timeout;
}
