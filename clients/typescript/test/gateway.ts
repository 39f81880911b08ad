// A gateway that answers as a test says: grpc-js's own server, on loopback.

import {
  type DescMessage,
  type DescMethod,
  type Message,
  type MessageInitShape,
  create,
  fromBinary,
  toBinary,
} from "@bufbuild/protobuf";
import { anyPack } from "@bufbuild/protobuf/wkt";
import * as grpc from "@grpc/grpc-js";
import { onTestFinished, vi } from "vitest";

import {
  type BatchItem,
  BatchResultSchema,
  CountTokensResponseSchema,
  ErrorDetailsSchema,
  FinishReason,
  type GenerateRequest,
  LLMResponseSchema,
  LLMService,
  type ListModelsRequest,
  ListModelsResponseSchema,
  Role,
  StatusSchema,
  StreamEventSchema,
} from "../src/index.js";
import { ErrorInfoSchema, RetryInfoSchema } from "../src/gen/google/rpc/error_details_pb.js";
import { HEALTH_CHECK } from "../src/method.js";

export type EventInit = MessageInitShape<typeof StreamEventSchema>;
export type ResponseInit = MessageInitShape<typeof LLMResponseSchema>;
type ResultInit = MessageInitShape<typeof BatchResultSchema>;

/** An end with a status, bare as gRPC itself would send it, or with details. */
export class Failure extends Error {
  constructor(
    readonly code: grpc.status,
    readonly details = "scripted",
    readonly metadata = new grpc.Metadata(),
  ) {
    super(details);
  }
}

/** The status of a gateway, with the details that belong to a reason. */
export function failure(code: grpc.status, reason: string, delay?: number): Failure {
  const info = create(ErrorInfoSchema, { reason, domain: "llmrpc", metadata: { provider: "x" } });
  const ours = create(ErrorDetailsSchema, { requestId: "theirs", usage: { outputTokens: 7 } });
  const details = [anyPack(ErrorInfoSchema, info), anyPack(ErrorDetailsSchema, ours)];
  if (delay !== undefined) {
    const retryDelay = { seconds: BigInt(Math.trunc(delay / 1000)), nanos: (delay % 1000) * 1e6 };
    details.push(anyPack(RetryInfoSchema, create(RetryInfoSchema, { retryDelay })));
  }
  const status = create(StatusSchema, { code, message: "in words", details });
  const metadata = new grpc.Metadata();
  metadata.set("grpc-status-details-bin", Buffer.from(toBinary(StatusSchema, status)));
  return new Failure(code, "in words", metadata);
}

/** Until the caller goes away. */
export const HANG = Symbol("hang");
type Step = EventInit | Failure | typeof HANG;

export class Gateway {
  address = "";
  requests: GenerateRequest[] = [];
  metadata: Record<string, unknown>[] = [];
  pages: ListModelsRequest[] = [];
  items: BatchItem[] = [];
  /** When each call must be over, in milliseconds since the epoch; infinite without a deadline. */
  deadlines: number[] = [];
  /** Calls that ended before the script had ended them, and every batch that ended. */
  cancelled = 0;
  readonly #over = new WeakSet();
  /** What unary calls give, one a call, the last for ever. */
  answers: (ResponseInit | Failure | typeof HANG)[] = [];
  /** What streams give, one a call, the last for ever. */
  streams: Step[][] = [];
  models: MessageInitShape<typeof ListModelsResponseSchema>[] = [];
  health: Record<string, number> = { "": 1 };
  batch: (item: BatchItem) => ResultInit | Failure = (item) => ({
    id: item.id,
    outcome: {
      case: "response",
      value: response(item.request.value?.messages.at(-1)?.content ?? ""),
    },
  });
  /** Whether items of batches are read, and whether a batch ends before any. */
  reads = true;
  endsAtOnce = false;
  readonly server = new grpc.Server({ "grpc.max_receive_message_length": -1 });

  async start(
    credentials = grpc.ServerCredentials.createInsecure(),
    address = "localhost:0",
  ): Promise<this> {
    const { generate, streamText, countTokens, listModels, batchGenerate } = LLMService.method;
    this.server.addService(
      {
        generate: ours(generate),
        streamText: ours(streamText),
        countTokens: ours(countTokens),
        listModels: ours(listModels),
        batchGenerate: ours(batchGenerate),
      },
      {
        generate: this.#unary((request: GenerateRequest) => {
          this.requests.push(request);
          const answer = next(this.answers);
          return answer instanceof Failure || answer === HANG
            ? answer
            : create(LLMResponseSchema, answer);
        }),
        countTokens: this.#unary(() => create(CountTokensResponseSchema, { promptTokens: 1234 })),
        listModels: this.#unary((page: ListModelsRequest) => {
          this.pages.push(page);
          return create(ListModelsResponseSchema, this.models[Number(page.pageToken)] ?? {});
        }),
        streamText: (call: grpc.ServerWritableStream<GenerateRequest, unknown>) =>
          void this.#play(call),
        batchGenerate: (call: grpc.ServerDuplexStream<BatchItem, unknown>) => {
          this.#answerItems(call);
        },
      },
    );
    this.server.addService(
      { check: definition(HEALTH_CHECK) },
      {
        check: this.#unary(({ value }: { value: string }) => {
          const status = this.health[value];
          const missing = new Failure(grpc.status.NOT_FOUND, "unknown service");
          return status === undefined ? missing : create(HEALTH_CHECK.output, { value: status });
        }),
      },
    );
    const bound = await new Promise<number>((resolve, reject) => {
      this.server.bindAsync(address, credentials, (error, found) => {
        if (error === null) resolve(found);
        else reject(error);
      });
    });
    this.address = address.replace(/:0$/, `:${bound}`);
    return this;
  }

  close(): void {
    this.server.forceShutdown();
  }

  #seen(call: {
    metadata: grpc.Metadata;
    getDeadline(): grpc.Deadline;
    on(event: "cancelled", told: () => void): unknown;
  }) {
    this.metadata.push(call.metadata.getMap());
    this.deadlines.push(Number(call.getDeadline()));
    call.on("cancelled", () => {
      if (!this.#over.has(call)) this.cancelled += 1; // grpc-js tells of every end
    });
  }

  #unary<I, O>(answer: (request: I) => O | Failure | typeof HANG) {
    return (call: grpc.ServerUnaryCall<I, O>, send: grpc.sendUnaryData<O>) => {
      this.#seen(call);
      const said = answer(call.request);
      if (said === HANG) return;
      this.#over.add(call);
      if (said instanceof Failure) send(said);
      else send(null, said);
    };
  }

  async #play(call: grpc.ServerWritableStream<GenerateRequest, unknown>): Promise<void> {
    this.#seen(call);
    this.requests.push(call.request);
    for (const step of next(this.streams)) {
      if (step === HANG) return;
      if (step instanceof Failure) {
        this.#over.add(call);
        call.emit("error", step);
        return;
      }
      if (!call.write(create(StreamEventSchema, step))) {
        await new Promise((resolve) => call.once("drain", resolve));
      }
    }
    this.#over.add(call);
    call.end();
  }

  #answerItems(call: grpc.ServerDuplexStream<BatchItem, unknown>): void {
    this.#seen(call);
    if (!this.reads) {
      call.pause();
      return;
    }
    if (this.endsAtOnce) {
      call.end();
      return;
    }
    call.on("data", (item: BatchItem) => {
      this.items.push(item);
      const result = this.batch(item);
      if (result instanceof Failure) call.emit("error", result);
      else call.write(create(BatchResultSchema, result));
    });
    call.on("end", () => {
      call.end();
    });
  }
}

function next<T>(scripts: T[]): T {
  const script = scripts.length > 1 ? scripts.shift() : scripts[0];
  if (script === undefined) throw new Error("nothing is scripted");
  return script;
}

/** What grpc-js's server takes, whose own types are of any message too. */
function definition(method: {
  readonly path: string;
  readonly input: DescMessage;
  readonly output: DescMessage;
  readonly methodKind?: DescMethod["methodKind"];
  // eslint-disable-next-line @typescript-eslint/no-explicit-any -- as grpc-js has it
}): grpc.MethodDefinition<any, any> {
  const { path, input, output, methodKind = "unary" } = method;
  return {
    path,
    requestStream: methodKind === "bidi_streaming",
    responseStream: methodKind !== "unary",
    requestSerialize: (message: Message) => Buffer.from(toBinary(input, message)),
    requestDeserialize: (bytes) => fromBinary(input, bytes),
    responseSerialize: (message: Message) => Buffer.from(toBinary(output, message)),
    responseDeserialize: (bytes) => fromBinary(output, bytes),
  };
}

function ours(method: DescMethod) {
  return definition({ ...method, path: `/${method.parent.typeName}/${method.name}` });
}

/** A whole answer of one text part. */
export function response(text: string) {
  return create(LLMResponseSchema, {
    content: text,
    provider: "scripted",
    model: "scripted-1",
    finishReason: FinishReason.STOP,
    message: {
      role: Role.ASSISTANT,
      parts: text === "" ? [] : [{ kind: { case: "text", value: text } }],
    },
  });
}

/** An answer that asks for one call of a tool. */
export function called(name: string, json: string) {
  const value = { id: "call-1", name, arguments: json };
  return create(LLMResponseSchema, {
    finishReason: FinishReason.TOOL_CALLS,
    message: { role: Role.ASSISTANT, parts: [{ kind: { case: "toolCall", value } }] },
  });
}

/** The events of an answer in these chunks. */
export function stream(...chunks: string[]): EventInit[] {
  const deltas = (value: string) => [{ partIndex: 0, kind: { case: "text", value } as const }];
  return [
    ...chunks.map((chunk, place) => ({ sequence: place + 1, deltas: deltas(chunk) })),
    { sequence: chunks.length + 1, completed: response(chunks.join("")) },
  ];
}

const { setTimeout: later } = globalThis;

/** Waits for a condition, at most thirty seconds, whatever the clock of the calls says. */
export async function until(condition: () => boolean): Promise<void> {
  const limit = performance.now() + 30_000;
  while (!condition()) {
    if (performance.now() > limit) throw new Error(`never came true: ${condition.toString()}`);
    await new Promise((resolve) => later(resolve, 5));
  }
}

/** A clock for calls that begin now: it stands still until a test moves it by milliseconds. */
export function stoppedClock(): (time: number) => Promise<unknown> {
  vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout", "Date"] });
  onTestFinished(() => {
    vi.useRealTimers();
  });
  return (time) => vi.advanceTimersByTimeAsync(time);
}
