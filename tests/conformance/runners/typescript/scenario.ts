// One scenario: its calls, one after the other, by the client's public surface.

import { existsSync, readFileSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";

import { fromJson, toBinary, toJson } from "@bufbuild/protobuf";
import type { JsonObject, JsonValue } from "@bufbuild/protobuf";
import {
  BatchItemSchema,
  CountTokensResponseSchema,
  GatewayClient,
  GenerateRequestSchema,
  LLMClientError,
  LLMMessageSchema,
  LLMResponseSchema,
  ModelSchema,
  StreamEventSchema,
  accumulate,
  errorFromStatus,
} from "@llmrpc/client";
import type {
  CallOptions,
  GatewayClientOptions,
  GenerateRequest,
  LLMMessage,
  StreamEvent,
} from "@llmrpc/client";

import { seenError } from "./errors.ts";

export interface Scenario {
  name: string;
  target: {
    address: string;
    token?: string;
    ca?: string;
    cert?: string;
    key?: string;
  };
  calls: CallSpec[];
}

interface CallSpec {
  method: string;
  request?: JsonValue;
  continue?: JsonValue[];
  timeout_ms?: number;
  request_id?: string;
  metadata?: Record<string, string>;
  cancel_after?: number;
  bytes?: boolean;
  cancel_when?: string;
}

/** What the call before asked and was answered. */
interface Turn {
  request?: GenerateRequest;
  answer?: LLMMessage | undefined;
}

export async function runScenario({
  name,
  target,
  calls,
}: Scenario): Promise<object> {
  const client = new GatewayClient(target.address, clientOptions(target));
  const seen: object[] = [];
  const turn: Turn = {};
  for (const call of calls) seen.push(await runCall(client, call, turn));
  client.close();
  return { name, calls: seen };
}

function clientOptions({
  token,
  ca,
  cert,
  key,
}: Scenario["target"]): GatewayClientOptions {
  if (ca === undefined) return { token };
  const pem = (path: string | undefined) =>
    path === undefined ? path : readFileSync(path);
  return { token, tls: { ca: pem(ca), cert: pem(cert), key: pem(key) } };
}

async function runCall(
  client: GatewayClient,
  call: CallSpec,
  turn: Turn,
): Promise<object> {
  const controller = new AbortController();
  const options: CallOptions = {
    signal: controller.signal,
    timeout: call.timeout_ms,
    requestId: call.request_id,
    headers: call.metadata,
  };
  const over = new AbortController();
  if (call.cancel_after === 0)
    void cancelWhen(call.cancel_when, controller, over.signal);
  const seen: Record<string, unknown> = {};
  try {
    await METHODS[call.method]!({
      client,
      call,
      options,
      turn,
      seen,
      controller,
    });
  } catch (error) {
    if (error === controller.signal.reason) seen["cancelled"] = true;
    else if (error instanceof LLMClientError) seen["error"] = seenError(error);
    else throw error;
  } finally {
    over.abort();
  }
  return seen;
}

async function cancelWhen(
  file: string | undefined,
  controller: AbortController,
  over: AbortSignal,
): Promise<void> {
  while (file !== undefined && !existsSync(file) && !over.aborted)
    await sleep(2);
  controller.abort();
}

interface Running {
  client: GatewayClient;
  call: CallSpec;
  options: CallOptions;
  turn: Turn;
  /** What is printed, also where the method throws. */
  seen: Record<string, unknown>;
  controller: AbortController;
}

/** Each fills `seen` as far as it comes. */
const METHODS: Record<string, (running: Running) => Promise<void>> = {
  async Generate({ client, call, options, turn, seen }) {
    const response = await client.generate(asked(call, turn), options);
    turn.answer = response.message;
    seen["response"] = toJson(LLMResponseSchema, response);
  },

  async StreamText({ client, call, options, turn, seen, controller }) {
    const events: StreamEvent[] = [];
    const shown: JsonValue[] = [];
    seen["events"] = shown;
    for await (const event of client.stream(asked(call, turn), options)) {
      events.push(event);
      shown.push(toJson(StreamEventSchema, event));
      if (events.length === call.cancel_after) controller.abort();
    }
    const response = await accumulate(events);
    turn.answer = response.message;
    seen["accumulated"] = toJson(LLMResponseSchema, response);
    if (call.bytes) {
      const bytes = toBinary(LLMResponseSchema, response);
      seen["bytes"] = Buffer.from(bytes).toString("base64");
    }
  },

  async Text({ client, call, options, turn, seen }) {
    const texts: string[] = [];
    seen["texts"] = texts;
    for await (const piece of client.text(asked(call, turn), options))
      texts.push(piece);
  },

  async BatchGenerate({ client, call, options, seen }) {
    const items = (call.request as JsonValue[]).map((item) =>
      fromJson(BatchItemSchema, item),
    );
    const results: object[] = [];
    seen["results"] = results;
    for await (const { id, outcome } of client.batch(items, options)) {
      if (outcome.case === "response") {
        const response = toJson(LLMResponseSchema, outcome.value);
        results.push({ id, response });
      } else if (outcome.case === "status") {
        const error = seenError(errorFromStatus(outcome.value));
        results.push({ id, error });
      }
    }
  },

  async CountTokens({ client, call, options, turn, seen }) {
    const counted = await client.countTokens(asked(call, turn), options);
    seen["response"] = toJson(CountTokensResponseSchema, counted);
  },

  async ListModels({ client, call, options, seen }) {
    const models: JsonValue[] = [];
    for await (const model of client.models(field(call, "filter"), options)) {
      models.push(toJson(ModelSchema, model));
    }
    seen["models"] = models;
  },

  async Health({ client, call, options, seen }) {
    seen["health"] = await client.health(field(call, "service"), options);
  },
};

/** The request of the call, or that of the call before with its answer and more behind it. */
function asked(call: CallSpec, turn: Turn): GenerateRequest {
  if (call.continue === undefined || turn.request === undefined) {
    turn.request = fromJson(GenerateRequestSchema, call.request ?? {});
  } else {
    const more = call.continue.map((message) =>
      fromJson(LLMMessageSchema, message),
    );
    const answer = turn.answer === undefined ? [] : [turn.answer];
    turn.request = {
      ...turn.request,
      messages: [...turn.request.messages, ...answer, ...more],
    };
  }
  return turn.request;
}

function field(call: CallSpec, name: string): string {
  return String(((call.request ?? {}) as JsonObject)[name] ?? "");
}
