"""The one table from exceptions to google.rpc.Status, and its details."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import grpc
from google.protobuf.any_pb2 import Any
from google.protobuf.duration_pb2 import Duration
from google.protobuf.message import Message
from google.rpc import error_details_pb2, status_pb2
from llmrpc import v1 as pb
from llmrpc.errors import LLMClientError

DOMAIN = "llmrpc"
MAX_DETAILS_BYTES = 2048
"""Larger details could cross a client's metadata limit, and replace the status."""
MAX_VIOLATIONS = 20
MAX_TEXT = 500
PUSHBACK = "grpc-retry-pushback-ms"
"""What a stock client's retry policy obeys; a negative value forbids a retry."""

CODES = {
    pb.ERROR_REASON_INVALID_REQUEST: grpc.StatusCode.INVALID_ARGUMENT,
    pb.ERROR_REASON_FIELD_NOT_SUPPORTED: grpc.StatusCode.INVALID_ARGUMENT,
    pb.ERROR_REASON_FIELD_NOT_IMPLEMENTED: grpc.StatusCode.INVALID_ARGUMENT,
    pb.ERROR_REASON_CONTEXT_WINDOW_EXCEEDED: grpc.StatusCode.INVALID_ARGUMENT,
    pb.ERROR_REASON_PROVIDER_REJECTED_REQUEST: grpc.StatusCode.INVALID_ARGUMENT,
    pb.ERROR_REASON_MODEL_NOT_FOUND: grpc.StatusCode.NOT_FOUND,
    pb.ERROR_REASON_PROVIDER_RATE_LIMITED: grpc.StatusCode.RESOURCE_EXHAUSTED,
    pb.ERROR_REASON_PROVIDER_QUOTA_EXHAUSTED: grpc.StatusCode.RESOURCE_EXHAUSTED,
    pb.ERROR_REASON_RATE_LIMITED: grpc.StatusCode.RESOURCE_EXHAUSTED,
    pb.ERROR_REASON_BUDGET_EXCEEDED: grpc.StatusCode.RESOURCE_EXHAUSTED,
    pb.ERROR_REASON_UNAUTHENTICATED: grpc.StatusCode.UNAUTHENTICATED,
    pb.ERROR_REASON_PROVIDER_AUTHENTICATION: grpc.StatusCode.FAILED_PRECONDITION,
    pb.ERROR_REASON_PERMISSION_DENIED: grpc.StatusCode.PERMISSION_DENIED,
    pb.ERROR_REASON_PROVIDER_UNAVAILABLE: grpc.StatusCode.UNAVAILABLE,
    pb.ERROR_REASON_PROVIDER_OVERLOADED: grpc.StatusCode.UNAVAILABLE,
    pb.ERROR_REASON_PROVIDER_RESPONSE_INVALID: grpc.StatusCode.UNAVAILABLE,
    pb.ERROR_REASON_CIRCUIT_OPEN: grpc.StatusCode.UNAVAILABLE,
    pb.ERROR_REASON_GATEWAY_OVERLOADED: grpc.StatusCode.UNAVAILABLE,
    pb.ERROR_REASON_STREAM_INTERRUPTED: grpc.StatusCode.UNAVAILABLE,
    pb.ERROR_REASON_DEADLINE_EXCEEDED: grpc.StatusCode.DEADLINE_EXCEEDED,
    pb.ERROR_REASON_PROVIDER_STALLED: grpc.StatusCode.DEADLINE_EXCEEDED,
    pb.ERROR_REASON_METHOD_NOT_IMPLEMENTED: grpc.StatusCode.UNIMPLEMENTED,
    pb.ERROR_REASON_INTERNAL: grpc.StatusCode.INTERNAL,
}
"""The status code of every reason."""


@dataclass(frozen=True)
class Status(grpc.Status):
    """What `ServicerContext.abort_with_status` takes: the shape of `grpc.Status`."""

    code: grpc.StatusCode
    details: str
    trailing_metadata: tuple[tuple[str, str | bytes], ...]


def to_status(error: LLMClientError, trailers: Sequence[tuple[str, str | bytes]] = ()) -> Status:
    """The status for an error, its details and the retry pushback as trailers."""
    code = CODES[error.reason]
    status = to_rpc_status(error)
    metadata = [*trailers, ("grpc-status-details-bin", status.SerializeToString())]
    if code is grpc.StatusCode.UNAVAILABLE:
        metadata.append((PUSHBACK, str(_pushback(error))))
    return Status(code, status.message, tuple(metadata))


def to_rpc_status(error: LLMClientError) -> status_pb2.Status:
    """The error as `google.rpc.Status`, its details within the bound."""
    code: tuple[int, str] = CODES[error.reason].value
    status = status_pb2.Status(code=code[0], message=_cut(error.message))
    for detail in _details(error):
        _pack(status, detail)
    attempts = list(error.attempts)
    own = pb.ErrorDetails(
        request_id=error.request_id, usage=error.usage, cost=error.cost, attempts=attempts
    )
    while own.attempts and status.ByteSize() + own.ByteSize() > MAX_DETAILS_BYTES - 64:
        del own.attempts[0]
    _pack(status, own)
    return status


def _details(error: LLMClientError) -> list[Message]:
    metadata = {key: _cut(value, 200) for key, value in error.metadata.items()}
    if error.violations:
        metadata["violations"] = str(len(error.violations))
    details: list[Message] = [
        error_details_pb2.ErrorInfo(reason=error.reason_name, domain=DOMAIN, metadata=metadata)
    ]
    code = CODES[error.reason]
    if error.retry_after is not None:
        delay = Duration()
        delay.FromNanoseconds(int(error.retry_after * 1e9))
        details.append(error_details_pb2.RetryInfo(retry_delay=delay))
    if error.violations and code is grpc.StatusCode.INVALID_ARGUMENT:
        bad = error_details_pb2.BadRequest()
        room = MAX_DETAILS_BYTES // 2
        for violation in error.violations[:MAX_VIOLATIONS]:
            room -= len(violation.field) + len(violation.description) + 8
            if room < 0:
                break
            bad.field_violations.add(field=violation.field, description=violation.description)
        details.append(bad)
    if error.reason in (pb.ERROR_REASON_BUDGET_EXCEEDED, pb.ERROR_REASON_RATE_LIMITED):
        quota = error_details_pb2.QuotaFailure()
        subject = error.metadata.get("budget") or error.metadata.get("limit", "")
        quota.violations.add(subject=subject, description=_cut(error.message, 200))
        details.append(quota)
    return details


def _pack(status: status_pb2.Status, detail: Message) -> None:
    packed = Any()
    packed.Pack(detail)
    status.details.append(packed)


def _cut(text: str, most: int = MAX_TEXT) -> str:
    return text if len(text) <= most else text[: most - 1] + "…"


def _pushback(error: LLMClientError) -> int:
    """Milliseconds that a client may wait before it tries again.

    Negative, never, when our own tries are spent or money may have been.
    """
    if error.reason == pb.ERROR_REASON_GATEWAY_OVERLOADED:
        return int((error.retry_after or 0.0) * 1000)
    return -1
