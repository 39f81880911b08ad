// Errors: which class a status is, with what fields, and the words for what never got there.

import { create } from "@bufbuild/protobuf";
import { anyPack } from "@bufbuild/protobuf/wkt";
import { status } from "@grpc/grpc-js";
import { expect, test } from "vitest";

import {
  BadRequestSchema,
  ErrorInfoSchema,
  QuotaFailureSchema,
  RetryInfoSchema,
} from "../src/gen/google/rpc/error_details_pb.js";
import {
  AuthenticationError,
  ErrorDetailsSchema,
  ErrorReason,
  InvalidRequestError,
  LLMClientError,
  ModelNotFoundError,
  RateLimitError,
  errorFromStatus,
} from "../src/index.js";
import { tooLarge, unavailable } from "../src/grpc-words.js";

function withInfo(code: number, reason: string, domain = "llmrpc") {
  const info = create(ErrorInfoSchema, { reason, domain, metadata: { model: "m" } });
  return { code, message: "words", details: [anyPack(ErrorInfoSchema, info)] };
}

const REASONS = {
  InvalidRequestError: [
    "INVALID_REQUEST",
    "FIELD_NOT_SUPPORTED",
    "FIELD_NOT_IMPLEMENTED",
    "PROVIDER_REJECTED_REQUEST",
  ],
  ContextWindowExceededError: ["CONTEXT_WINDOW_EXCEEDED"],
  ModelNotFoundError: ["MODEL_NOT_FOUND"],
  RateLimitError: ["PROVIDER_RATE_LIMITED", "PROVIDER_QUOTA_EXHAUSTED", "RATE_LIMITED"],
  BudgetExceededError: ["BUDGET_EXCEEDED"],
  AuthenticationError: ["UNAUTHENTICATED", "PROVIDER_AUTHENTICATION"],
  PermissionDeniedError: ["PERMISSION_DENIED"],
  ProviderNotAvailableError: [
    "PROVIDER_UNAVAILABLE",
    "PROVIDER_OVERLOADED",
    "PROVIDER_RESPONSE_INVALID",
    "CIRCUIT_OPEN",
    "GATEWAY_OVERLOADED",
  ],
  StreamInterruptedError: ["STREAM_INTERRUPTED"],
  GenerationTimeoutError: ["DEADLINE_EXCEEDED", "PROVIDER_STALLED"],
  MethodNotImplementedError: ["METHOD_NOT_IMPLEMENTED"],
  LLMClientError: ["INTERNAL"],
};
const RETRYABLE = [
  "PROVIDER_RATE_LIMITED",
  "RATE_LIMITED",
  "PROVIDER_STALLED",
  ...REASONS.ProviderNotAvailableError,
];

test("every reason of the contract has its class", () => {
  const reasons = Object.keys(ErrorReason).filter((name) => !/^\d+$|^UNSPECIFIED$/.test(name));
  expect(Object.values(REASONS).flat().sort()).toEqual(reasons.sort());
  for (const [name, those] of Object.entries(REASONS)) {
    for (const reason of those) {
      const error = errorFromStatus(withInfo(status.UNKNOWN, reason));
      expect(error.constructor.name).toBe(name);
      expect(error).toMatchObject({ name, reason, message: "words", metadata: { model: "m" } });
      expect(error.retryable).toBe(RETRYABLE.includes(reason));
    }
  }
});

test("all that the details tell", () => {
  const more = [
    anyPack(
      RetryInfoSchema,
      create(RetryInfoSchema, { retryDelay: { seconds: 1n, nanos: 500_000_000 } }),
    ),
    anyPack(
      BadRequestSchema,
      create(BadRequestSchema, { fieldViolations: [{ field: "top_p", description: "is 7" }] }),
    ),
    anyPack(
      QuotaFailureSchema,
      create(QuotaFailureSchema, { violations: [{ subject: "team", description: "spent" }] }),
    ),
    anyPack(
      ErrorDetailsSchema,
      create(ErrorDetailsSchema, {
        requestId: "r",
        usage: { inputTokens: 3 },
        cost: { totalNanoUsd: 2n ** 62n },
        attempts: [{ provider: "openai", httpStatus: 429 }],
      }),
    ),
  ];
  const one = withInfo(status.RESOURCE_EXHAUSTED, "PROVIDER_RATE_LIMITED");
  const error = errorFromStatus({ ...one, details: [...one.details, ...more] });
  expect(error).toBeInstanceOf(RateLimitError);
  expect(error).toMatchObject({
    code: "RESOURCE_EXHAUSTED",
    retryDelay: 1500,
    retryable: true,
    violations: [{ field: "top_p", description: "is 7" }],
    quotaViolations: [{ subject: "team", description: "spent" }],
    requestId: "r",
    usage: { inputTokens: 3 },
    cost: { totalNanoUsd: 2n ** 62n },
    attempts: [{ provider: "openai", httpStatus: 429 }],
  });
});

test("a reason of a later release, or of somebody else, goes by the code", () => {
  const later = errorFromStatus(withInfo(status.NOT_FOUND, "LOST_AT_SEA"));
  expect(later).toBeInstanceOf(ModelNotFoundError);
  expect(later.reason).toBe("LOST_AT_SEA");
  const other = errorFromStatus(withInfo(status.UNAUTHENTICATED, "BUDGET_EXCEEDED", "other"));
  expect(other).toBeInstanceOf(AuthenticationError);
  expect(other.reason).toBe("UNAUTHENTICATED");
  expect(errorFromStatus(withInfo(status.INTERNAL, "toString")).constructor).toBe(LLMClientError);
});

test("of two details of a kind the last one counts", () => {
  const { details, ...words } = withInfo(status.INVALID_ARGUMENT, "INVALID_REQUEST");
  const later = withInfo(status.INVALID_ARGUMENT, "CONTEXT_WINDOW_EXCEEDED").details;
  const error = errorFromStatus({ ...words, details: [...details, ...later] });
  expect(error.reason).toBe("CONTEXT_WINDOW_EXCEEDED");
});

test("a bare status, and one that nobody can read", () => {
  expect(errorFromStatus({ code: status.RESOURCE_EXHAUSTED })).toBeInstanceOf(InvalidRequestError);
  expect(errorFromStatus({ code: 99 })).toMatchObject({ code: "UNKNOWN", message: "UNKNOWN" });
  const typeUrl = "type.googleapis.com/google.rpc.ErrorInfo";
  const broken = { code: status.NOT_FOUND, details: [{ typeUrl, value: new Uint8Array([255]) }] };
  expect(errorFromStatus(broken)).toBeInstanceOf(ModelNotFoundError);
});

test("words that are not known are shown", () => {
  expect(unavailable("a:1", "Something new")).toEqual([
    "",
    "the gateway at a:1 is not available: Something new",
  ]);
  expect(tooLarge("a:1", "Quota")).toBeUndefined();
});
