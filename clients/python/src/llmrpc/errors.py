"""The exceptions that every client raises.

LLMClientError
├── InvalidRequestError               INVALID_ARGUMENT
│   └── ContextWindowExceededError    INVALID_ARGUMENT
├── ModelNotFoundError                NOT_FOUND
├── RateLimitError                    RESOURCE_EXHAUSTED, with a retry delay
├── BudgetExceededError               RESOURCE_EXHAUSTED
├── AuthenticationError               UNAUTHENTICATED or FAILED_PRECONDITION
├── PermissionDeniedError             PERMISSION_DENIED
├── ProviderNotAvailableError         UNAVAILABLE
├── StreamInterruptedError            UNAVAILABLE, never to be retried blindly
├── GenerationTimeoutError            DEADLINE_EXCEEDED
└── MethodNotImplementedError         UNIMPLEMENTED
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar, Literal, TypeAlias

from llmrpc import v1 as pb

if TYPE_CHECKING:
    ReasonValue: TypeAlias = pb.ErrorReason.ValueType


@dataclass(frozen=True, slots=True)
class Violation:
    """One field that is wrong: its path, such as `messages[0].role`, and why."""

    field: str
    description: str


@dataclass(frozen=True, slots=True)
class QuotaViolation:
    """One limit or budget that is used up: its name, and what it says."""

    subject: str
    description: str


LimitScope = Literal["model", "key"]
"""What a provider's limit counts: the calls of one model with a key, or all of the key's."""

_AGAIN: Mapping[ReasonValue, bool] = {
    pb.ERROR_REASON_PROVIDER_QUOTA_EXHAUSTED: False,
    pb.ERROR_REASON_PROVIDER_STALLED: True,
}
"""Where a reason is not `retryable` as its exception is."""


class LLMClientError(Exception):
    """A call failed.

    `str(error)` is written for the caller and holds no secret and no prompt; the
    cause, with more, is in `__cause__`. Fields that are not known are empty.
    """

    default_reason: ClassVar[ReasonValue] = pb.ERROR_REASON_INTERNAL
    retryable: bool = False
    """Whether the same request may succeed when it is sent again, before any
    delta was seen."""

    def __init__(
        self,
        message: str,
        *,
        reason: ReasonValue | None = None,
        reason_name: str = "",
        metadata: Mapping[str, str] | None = None,
        retry_after: float | None = None,
        violations: Sequence[Violation] = (),
        quota_violations: Sequence[QuotaViolation] = (),
        code: str = "",
        http_status: int | None = None,
        provider_request_id: str = "",
        request_id: str = "",
        usage: pb.Usage | None = None,
        cost: pb.Cost | None = None,
        attempts: Sequence[pb.Attempt] = (),
    ) -> None:
        super().__init__(message)
        self.message = message
        self.reason: ReasonValue = self.default_reason if reason is None else reason
        self.retryable = _AGAIN.get(self.reason, type(self).retryable)
        known = pb.ErrorReason.Name(self.reason).removeprefix("ERROR_REASON_")
        self.reason_name = reason_name or known
        """The reason as ErrorInfo writes it: `CONTEXT_WINDOW_EXCEEDED`. One that this
        release does not know is here alone."""
        self.metadata: dict[str, str] = dict(metadata or {})
        self.retry_after = retry_after
        """Seconds to wait before another try, as the provider or a limit says."""
        self.violations = tuple(violations)
        self.quota_violations = tuple(quota_violations)
        self.code = code
        """The gRPC code of the status that it came as: `RESOURCE_EXHAUSTED`."""
        self.http_status = http_status
        self.provider_request_id = provider_request_id
        self.request_id = request_id
        self.limit_scope: LimitScope | None = None
        """What the provider's limit counts, where it says so; in the gateway alone."""
        self.usage = usage
        self.cost = cost
        self.attempts = tuple(attempts)


class InvalidRequestError(LLMClientError):
    """The request cannot be served as it stands; `violations` says why."""

    default_reason = pb.ERROR_REASON_INVALID_REQUEST


class ContextWindowExceededError(InvalidRequestError):
    """Prompt and answer do not fit in the model's context."""

    default_reason = pb.ERROR_REASON_CONTEXT_WINDOW_EXCEEDED


class ModelNotFoundError(LLMClientError):
    """No configured provider has the model."""

    default_reason = pb.ERROR_REASON_MODEL_NOT_FOUND


class RateLimitError(LLMClientError):
    """A rate or a quota is used up; `retry_after` says for how long, if known."""

    default_reason = pb.ERROR_REASON_PROVIDER_RATE_LIMITED
    retryable = True


class BudgetExceededError(LLMClientError):
    """The money is spent."""

    default_reason = pb.ERROR_REASON_BUDGET_EXCEEDED


class AuthenticationError(LLMClientError):
    """The caller is unknown here, or a provider refuses the gateway's key."""

    default_reason = pb.ERROR_REASON_UNAUTHENTICATED


class PermissionDeniedError(LLMClientError):
    """The caller may not use this method, model or provider."""

    default_reason = pb.ERROR_REASON_PERMISSION_DENIED


class ProviderNotAvailableError(LLMClientError):
    """Down, unreachable, overloaded, or answering nonsense."""

    default_reason = pb.ERROR_REASON_PROVIDER_UNAVAILABLE
    retryable = True


class StreamInterruptedError(LLMClientError):
    """The stream broke after its first delta; `usage` is what it used."""

    default_reason = pb.ERROR_REASON_STREAM_INTERRUPTED


class GenerationTimeoutError(LLMClientError):
    """The deadline passed, or the provider was silent for too long."""

    default_reason = pb.ERROR_REASON_DEADLINE_EXCEEDED


class MethodNotImplementedError(LLMClientError):
    """The gateway's release does not have the method."""

    default_reason = pb.ERROR_REASON_METHOD_NOT_IMPLEMENTED


EXCEPTIONS: Mapping[ReasonValue, type[LLMClientError]] = {
    pb.ERROR_REASON_INVALID_REQUEST: InvalidRequestError,
    pb.ERROR_REASON_FIELD_NOT_SUPPORTED: InvalidRequestError,
    pb.ERROR_REASON_FIELD_NOT_IMPLEMENTED: InvalidRequestError,
    pb.ERROR_REASON_CONTEXT_WINDOW_EXCEEDED: ContextWindowExceededError,
    pb.ERROR_REASON_PROVIDER_REJECTED_REQUEST: InvalidRequestError,
    pb.ERROR_REASON_MODEL_NOT_FOUND: ModelNotFoundError,
    pb.ERROR_REASON_PROVIDER_RATE_LIMITED: RateLimitError,
    pb.ERROR_REASON_PROVIDER_QUOTA_EXHAUSTED: RateLimitError,
    pb.ERROR_REASON_RATE_LIMITED: RateLimitError,
    pb.ERROR_REASON_BUDGET_EXCEEDED: BudgetExceededError,
    pb.ERROR_REASON_UNAUTHENTICATED: AuthenticationError,
    pb.ERROR_REASON_PROVIDER_AUTHENTICATION: AuthenticationError,
    pb.ERROR_REASON_PERMISSION_DENIED: PermissionDeniedError,
    pb.ERROR_REASON_PROVIDER_UNAVAILABLE: ProviderNotAvailableError,
    pb.ERROR_REASON_PROVIDER_OVERLOADED: ProviderNotAvailableError,
    pb.ERROR_REASON_PROVIDER_RESPONSE_INVALID: ProviderNotAvailableError,
    pb.ERROR_REASON_CIRCUIT_OPEN: ProviderNotAvailableError,
    pb.ERROR_REASON_GATEWAY_OVERLOADED: ProviderNotAvailableError,
    pb.ERROR_REASON_STREAM_INTERRUPTED: StreamInterruptedError,
    pb.ERROR_REASON_DEADLINE_EXCEEDED: GenerationTimeoutError,
    pb.ERROR_REASON_PROVIDER_STALLED: GenerationTimeoutError,
    pb.ERROR_REASON_METHOD_NOT_IMPLEMENTED: MethodNotImplementedError,
    pb.ERROR_REASON_INTERNAL: LLMClientError,
}
"""Which exception a reason is raised as."""


def deadline_exceeded() -> GenerationTimeoutError:
    """The call's own time is over."""
    return GenerationTimeoutError("the deadline of the call passed before the answer was whole")


def stalled(provider: str, seconds: float) -> GenerationTimeoutError:
    """The provider was silent for too long."""
    return GenerationTimeoutError(
        f"{provider} sent nothing for {seconds:g} s",
        reason=pb.ERROR_REASON_PROVIDER_STALLED,
        metadata={"provider": provider},
    )
