// An error of the client, as the suite compares it.

import { create, toJson } from "@bufbuild/protobuf";
import { DurationSchema } from "@bufbuild/protobuf/wkt";
import {
  AttemptSchema,
  CostSchema,
  type LLMClientError,
  UsageSchema,
} from "@llmrpc/client";

export function seenError(error: LLMClientError): object {
  return {
    kind: error.name.replace(/Error$/, ""),
    code: error.code || undefined,
    reason: error.reason || undefined,
    message: error.message || undefined,
    metadata:
      Object.keys(error.metadata).length > 0 ? error.metadata : undefined,
    retry_delay:
      error.retryDelay === undefined ? undefined : duration(error.retryDelay),
    retryable: error.retryable,
    violations: filled(error.violations),
    quota_violations: filled(error.quotaViolations),
    request_id: error.requestId || undefined,
    usage: error.usage && toJson(UsageSchema, error.usage),
    cost: error.cost && toJson(CostSchema, error.cost),
    attempts: filled(
      error.attempts.map((attempt) => toJson(AttemptSchema, attempt)),
    ),
  };
}

function duration(milliseconds: number): unknown {
  const seconds = Math.floor(milliseconds / 1000);
  const nanos = Math.round((milliseconds - seconds * 1000) * 1e6);
  return toJson(
    DurationSchema,
    create(DurationSchema, { seconds: BigInt(seconds), nanos }),
  );
}

function filled<T>(list: readonly T[]): readonly T[] | undefined {
  return list.length > 0 ? list : undefined;
}
