// `GatewayClient`: a gateway seen from TypeScript.

import { inspect } from "node:util";

import type { MessageInitShape } from "@bufbuild/protobuf";
import { type ChannelOptions, Client } from "@grpc/grpc-js";

import { DEFAULT_ADDRESS, isLoopback, withPort } from "./address.js";
import { type BatchItems, results } from "./batch.js";
import { Call, type CallOptions, type Caller, checkedTimeout, checkedValue } from "./call.js";
import { BATCH_OPTIONS, CHANNEL_OPTIONS, type TLSOptions, channelCredentials } from "./channel.js";
import {
  type BatchResult,
  type CountTokensResponse,
  LLMService,
} from "./gen/llmrpc/v1/llm_service_pb.js";
import type { Model } from "./gen/llmrpc/v1/model_pb.js";
import { GenerateRequestSchema } from "./gen/llmrpc/v1/request_pb.js";
import type { LLMResponse, StreamEvent } from "./gen/llmrpc/v1/response_pb.js";
import { type HealthStatus, health } from "./health.js";
import { methodOf } from "./method.js";
import { allModels } from "./models.js";
import { Pieces } from "./reading.js";
import { known } from "./request.js";
import { events, texts } from "./stream.js";
import { unary } from "./unary.js";

/** A request: a message of the contract, or a plain object of its fields. */
export type GenerateRequestInit = MessageInitShape<typeof GenerateRequestSchema>;

/** How a gateway is called. */
export interface GatewayClientOptions {
  /**
   * The bearer key to call with. Over plaintext it is refused for any address that is not
   * loopback, unless `allowInsecureToken` says that the way there is safe.
   */
  token?: string | undefined;
  /** True for TLS with the public authorities, or PEM texts. */
  tls?: boolean | TLSOptions | undefined;
  /** Milliseconds for each call that brings none. Absent: the gateway's own limit. */
  timeout?: number | undefined;
  allowInsecureToken?: boolean | undefined;
  /** More options for the channels of grpc-js; they win over the client's own. */
  channelOptions?: ChannelOptions | undefined;
}

const GENERATE = methodOf(LLMService.method.generate);
const COUNT_TOKENS = methodOf(LLMService.method.countTokens);
const LIST_MODELS = methodOf(LLMService.method.listModels);

/**
 * A gateway at `address` (`host:port`; without a port 50051). The constructor does no IO.
 *
 * Calls that find no gateway, or one that says UNAVAILABLE, are tried up to four times in
 * all, and never once an event has come. A batch is sent once.
 */
export class GatewayClient implements AsyncDisposable {
  /** Where the gateway is. */
  readonly address: string;
  readonly #caller: Caller;
  readonly #timeout: number | undefined;
  readonly #channel: Client;
  readonly #openBatches: () => Client;
  #batches: Client | undefined;

  constructor(address = DEFAULT_ADDRESS, options: GatewayClientOptions = {}) {
    this.address = withPort(address);
    const { token, timeout } = options;
    const tls = options.tls === true ? {} : options.tls === false ? undefined : options.tls;
    if (token && !(tls ?? (isLoopback(this.address) || options.allowInsecureToken === true))) {
      throw new TypeError(
        `the token would travel to ${this.address} unencrypted: give tls: true or PEM texts, ` +
          "or allowInsecureToken: true where the way there is safe",
      );
    }
    this.#timeout = timeout === undefined ? undefined : checkedTimeout(timeout);
    this.#caller = {
      target: this.address,
      authorization: token ? `Bearer ${checkedValue("token", token)}` : undefined,
      calls: new Set(),
      closed: false,
    };
    const credentials = channelCredentials(tls);
    const given = options.channelOptions ?? {};
    this.#channel = new Client(this.address, credentials, { ...CHANNEL_OPTIONS, ...given });
    this.#openBatches = () =>
      new Client(this.address, credentials, { ...CHANNEL_OPTIONS, ...given, ...BATCH_OPTIONS });
  }

  /** One whole answer. */
  async generate(request: GenerateRequestInit, options: CallOptions = {}): Promise<LLMResponse> {
    return unary(this.#channel, GENERATE, known(request), this.#call(options));
  }

  /** The events of an answer as it is written; leaving the loop cancels the call. */
  stream(request: GenerateRequestInit, options: CallOptions = {}): Pieces<StreamEvent> {
    const given = known(request);
    return new Pieces(
      () => this.#call(options),
      (call) => events(this.#channel, given, call),
    );
  }

  /** The text of an answer as it is written; leaving the loop cancels the call. */
  text(request: GenerateRequestInit, options: CallOptions = {}): Pieces<string> {
    const given = known(request);
    return new Pieces(
      () => this.#call(options),
      (call) => texts(events(this.#channel, given, call)),
    );
  }

  /**
   * Many requests over one call: results come as they finish, and items are pulled one at
   * a time as gRPC takes them. One that fails has a `status`, which `errorFromStatus` turns
   * into the error; what ends the whole batch is thrown, and so is what the items throw.
   * The client's `timeout` is not for batches, `options.timeout` is.
   */
  batch(items: BatchItems, options: CallOptions = {}): Pieces<BatchResult> {
    return new Pieces(
      () => new Call(this.#caller, options),
      (call) => results((this.#batches ??= this.#openBatches()), items, call),
    );
  }

  /** What the request would send, in tokens, without sending it. */
  async countTokens(
    request: GenerateRequestInit,
    options: CallOptions = {},
  ): Promise<CountTokensResponse> {
    return unary(this.#channel, COUNT_TOKENS, { request: known(request) }, this.#call(options));
  }

  /**
   * The models that the gateway can call, ordered by name. `filter` is an AIP-160
   * expression over `Model`'s fields, such as `provider = "openai" AND capabilities.tools`.
   */
  models(filter = "", options: CallOptions = {}): AsyncGenerator<Model, void, undefined> {
    const { timeout } = options;
    const until = timeout === undefined ? undefined : Date.now() + checkedTimeout(timeout);
    return allModels((page) => {
      const rest = until === undefined ? undefined : Math.max(0, until - Date.now());
      const call = this.#call({ ...options, timeout: rest });
      return unary(this.#channel, LIST_MODELS, page, call);
    }, filter);
  }

  /**
   * How a service is: "" for all of the gateway, `llmrpc.v1.LLMService`, or
   * `provider/<name>`. SERVICE_UNKNOWN where the gateway has no such service.
   */
  async health(service = "", options: CallOptions = {}): Promise<HealthStatus> {
    return health(this.#channel, service, this.#call(options));
  }

  /** Ends all calls; may be repeated. */
  close(): void {
    this.#caller.closed = true;
    for (const call of this.#caller.calls) call.close();
    this.#channel.close();
    this.#batches?.close();
  }

  [Symbol.asyncDispose](): Promise<void> {
    this.close();
    return Promise.resolve();
  }

  toString(): string {
    return `GatewayClient(${this.address})`;
  }

  toJSON(): string {
    return this.toString();
  }

  [inspect.custom](): string {
    return this.toString();
  }

  #call(options: CallOptions): Call {
    return new Call(this.#caller, { ...options, timeout: options.timeout ?? this.#timeout });
  }
}
