// The errors of a call.
//
// LLMClientError
// ├── InvalidRequestError               INVALID_ARGUMENT
// │   └── ContextWindowExceededError    INVALID_ARGUMENT
// ├── ModelNotFoundError                NOT_FOUND
// ├── RateLimitError                    RESOURCE_EXHAUSTED, with a retry delay
// ├── BudgetExceededError               RESOURCE_EXHAUSTED
// ├── AuthenticationError               UNAUTHENTICATED or FAILED_PRECONDITION
// ├── PermissionDeniedError             PERMISSION_DENIED
// ├── ProviderNotAvailableError         UNAVAILABLE
// ├── StreamInterruptedError            UNAVAILABLE, never to be retried blindly
// ├── GenerationTimeoutError            DEADLINE_EXCEEDED
// └── MethodNotImplementedError         UNIMPLEMENTED

import type { Attempt, ErrorReason } from "./gen/llmrpc/v1/error_pb.js";
import type { Cost, Usage } from "./gen/llmrpc/v1/usage_pb.js";

/** The reasons that this release knows. */
export type KnownReason = Exclude<keyof typeof ErrorReason, "UNSPECIFIED">;

/** One field that is wrong: its path, such as `messages[0].role`, and why. */
export interface Violation {
  readonly field: string;
  readonly description: string;
}

/** One limit or budget that is used up: its name, and what it says. */
export interface QuotaViolation {
  readonly subject: string;
  readonly description: string;
}

/** What is known of a failed call. */
export interface ErrorFields {
  code?: string | undefined;
  reason?: string | undefined;
  metadata?: Readonly<Record<string, string>> | undefined;
  retryDelay?: number | undefined;
  violations?: readonly Violation[] | undefined;
  quotaViolations?: readonly QuotaViolation[] | undefined;
  requestId?: string | undefined;
  usage?: Usage | undefined;
  cost?: Cost | undefined;
  attempts?: readonly Attempt[] | undefined;
  cause?: unknown;
}

/**
 * A call failed. `message` is written for the caller and holds no secret and no prompt.
 * What is not known is empty or undefined.
 */
export class LLMClientError extends Error {
  override readonly name: string = "LLMClientError";
  /** The gRPC code of the status: `RESOURCE_EXHAUSTED`. Empty where no status came. */
  readonly code: string;
  /** The machine-readable reason: `CONTEXT_WINDOW_EXCEEDED`. */
  readonly reason: KnownReason | (string & {});
  /** More to the reason, such as `provider` and `model`. */
  readonly metadata: Readonly<Record<string, string>>;
  /** Milliseconds to wait before another try, as the provider or a limit says. */
  readonly retryDelay: number | undefined;
  /** The fields that are wrong. */
  readonly violations: readonly Violation[];
  /** The limits or budgets that are used up. */
  readonly quotaViolations: readonly QuotaViolation[];
  /** Finds the call in the gateway's log. */
  readonly requestId: string;
  /** What was used all the same. */
  readonly usage: Usage | undefined;
  /** What it cost all the same. */
  readonly cost: Cost | undefined;
  /** The gateway's tries at providers, oldest first. */
  readonly attempts: readonly Attempt[];

  constructor(message: string, fields: ErrorFields = {}) {
    super(message, fields.cause === undefined ? undefined : { cause: fields.cause });
    this.code = fields.code ?? "";
    this.reason = fields.reason ?? new.target.defaultReason;
    this.metadata = fields.metadata ?? {};
    this.retryDelay = fields.retryDelay;
    this.violations = fields.violations ?? [];
    this.quotaViolations = fields.quotaViolations ?? [];
    this.requestId = fields.requestId ?? "";
    this.usage = fields.usage;
    this.cost = fields.cost;
    this.attempts = fields.attempts ?? [];
  }

  /** The reason where no gateway gives one. */
  static readonly defaultReason: KnownReason = "INTERNAL";

  /** Whether the same request may succeed when it is sent again, before any delta was seen. */
  readonly retryable: boolean = false;
}

/** The request cannot be served as it stands; `violations` says why. */
export class InvalidRequestError extends LLMClientError {
  override readonly name: string = "InvalidRequestError";
  static override readonly defaultReason: KnownReason = "INVALID_REQUEST";
}

/** Prompt and answer do not fit in the model's context. */
export class ContextWindowExceededError extends InvalidRequestError {
  override readonly name: string = "ContextWindowExceededError";
  static override readonly defaultReason: KnownReason = "CONTEXT_WINDOW_EXCEEDED";
}

/** No configured provider has the model. */
export class ModelNotFoundError extends LLMClientError {
  override readonly name: string = "ModelNotFoundError";
  static override readonly defaultReason: KnownReason = "MODEL_NOT_FOUND";
}

/** A rate or a quota is used up; `retryDelay` says for how long, if known. */
export class RateLimitError extends LLMClientError {
  override readonly name: string = "RateLimitError";
  static override readonly defaultReason: KnownReason = "PROVIDER_RATE_LIMITED";
  override readonly retryable: boolean = this.reason !== "PROVIDER_QUOTA_EXHAUSTED";
}

/** The money is spent. */
export class BudgetExceededError extends LLMClientError {
  override readonly name: string = "BudgetExceededError";
  static override readonly defaultReason: KnownReason = "BUDGET_EXCEEDED";
}

/** The caller is unknown here, or a provider refuses the gateway's key. */
export class AuthenticationError extends LLMClientError {
  override readonly name: string = "AuthenticationError";
  static override readonly defaultReason: KnownReason = "UNAUTHENTICATED";
}

/** The caller may not use this method, model or provider. */
export class PermissionDeniedError extends LLMClientError {
  override readonly name: string = "PermissionDeniedError";
  static override readonly defaultReason: KnownReason = "PERMISSION_DENIED";
}

/** Down, unreachable, overloaded, or answering nonsense. */
export class ProviderNotAvailableError extends LLMClientError {
  override readonly name: string = "ProviderNotAvailableError";
  static override readonly defaultReason: KnownReason = "PROVIDER_UNAVAILABLE";
  override readonly retryable: boolean = true;
}

/** The stream broke after its first event; `usage` is what it used. */
export class StreamInterruptedError extends LLMClientError {
  override readonly name: string = "StreamInterruptedError";
  static override readonly defaultReason: KnownReason = "STREAM_INTERRUPTED";
}

/** The deadline passed, or the provider was silent for too long. */
export class GenerationTimeoutError extends LLMClientError {
  override readonly name: string = "GenerationTimeoutError";
  static override readonly defaultReason: KnownReason = "DEADLINE_EXCEEDED";
  override readonly retryable: boolean = this.reason === "PROVIDER_STALLED";
}

/** The gateway's release does not have the method. */
export class MethodNotImplementedError extends LLMClientError {
  override readonly name: string = "MethodNotImplementedError";
  static override readonly defaultReason: KnownReason = "METHOD_NOT_IMPLEMENTED";
}

export type ErrorClass = new (message: string, fields?: ErrorFields) => LLMClientError;

/** Which error a reason is. */
export const ERRORS: Readonly<Record<KnownReason, ErrorClass>> = {
  INVALID_REQUEST: InvalidRequestError,
  FIELD_NOT_SUPPORTED: InvalidRequestError,
  FIELD_NOT_IMPLEMENTED: InvalidRequestError,
  CONTEXT_WINDOW_EXCEEDED: ContextWindowExceededError,
  PROVIDER_REJECTED_REQUEST: InvalidRequestError,
  MODEL_NOT_FOUND: ModelNotFoundError,
  PROVIDER_RATE_LIMITED: RateLimitError,
  PROVIDER_QUOTA_EXHAUSTED: RateLimitError,
  RATE_LIMITED: RateLimitError,
  BUDGET_EXCEEDED: BudgetExceededError,
  UNAUTHENTICATED: AuthenticationError,
  PROVIDER_AUTHENTICATION: AuthenticationError,
  PERMISSION_DENIED: PermissionDeniedError,
  PROVIDER_UNAVAILABLE: ProviderNotAvailableError,
  PROVIDER_OVERLOADED: ProviderNotAvailableError,
  PROVIDER_RESPONSE_INVALID: ProviderNotAvailableError,
  CIRCUIT_OPEN: ProviderNotAvailableError,
  GATEWAY_OVERLOADED: ProviderNotAvailableError,
  STREAM_INTERRUPTED: StreamInterruptedError,
  DEADLINE_EXCEEDED: GenerationTimeoutError,
  PROVIDER_STALLED: GenerationTimeoutError,
  METHOD_NOT_IMPLEMENTED: MethodNotImplementedError,
  INTERNAL: LLMClientError,
};
