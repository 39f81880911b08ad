"""The one table from exceptions to google.rpc.Status."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import grpc
from google.rpc import status_pb2

from llmrpc import v1 as pb
from llmrpc.errors import LLMClientError
from llmrpc_server.rpc.details import add_details, cut

MAX_TEXT = 500
"""Bytes of a message: not printable in ASCII, a byte takes three on the wire."""
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
    status = status_pb2.Status(code=code[0], message=cut(error.message, MAX_TEXT))
    add_details(status, error)
    return status


def _pushback(error: LLMClientError) -> int:
    """Milliseconds that a client may wait before it tries again.

    Negative, never, when our own tries are spent or money may have been.
    """
    if error.reason == pb.ERROR_REASON_GATEWAY_OVERLOADED:
        return int((error.retry_after or 0.0) * 1000)
    return -1
