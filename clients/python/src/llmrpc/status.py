"""From a gRPC status to the exception that the gateway raised."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import grpc.aio
from google.protobuf.message import DecodeError
from google.rpc import code_pb2, error_details_pb2, status_pb2

from llmrpc import v1 as pb
from llmrpc.errors import (
    EXCEPTIONS,
    AuthenticationError,
    GenerationTimeoutError,
    InvalidRequestError,
    LLMClientError,
    MethodNotImplementedError,
    ModelNotFoundError,
    PermissionDeniedError,
    ProviderNotAvailableError,
    QuotaViolation,
    StreamInterruptedError,
    Violation,
)
from llmrpc.grpc_words import too_large, unavailable

DOMAIN = "llmrpc"
"""`ErrorInfo.domain` of a gateway's errors."""
DETAILS_KEY = "grpc-status-details-bin"
REQUEST_ID_KEY = "x-request-id"

_REASONS = dict(pb.ErrorReason.items())

_BY_CODE: Mapping[int, type[LLMClientError]] = {
    code_pb2.CANCELLED: ProviderNotAvailableError,
    code_pb2.INVALID_ARGUMENT: InvalidRequestError,
    code_pb2.DEADLINE_EXCEEDED: GenerationTimeoutError,
    code_pb2.NOT_FOUND: ModelNotFoundError,
    code_pb2.PERMISSION_DENIED: PermissionDeniedError,
    # A limit comes with details: bare, it is gRPC's own bound on a message.
    code_pb2.RESOURCE_EXHAUSTED: InvalidRequestError,
    code_pb2.UNIMPLEMENTED: MethodNotImplementedError,
    code_pb2.UNAVAILABLE: ProviderNotAvailableError,
    code_pb2.UNAUTHENTICATED: AuthenticationError,
}
"""For a status without the gateway's details: from a proxy, or from gRPC itself."""

_BROKEN = {
    code_pb2.CANCELLED,
    code_pb2.UNKNOWN,
    code_pb2.INTERNAL,
    code_pb2.UNAVAILABLE,
    code_pb2.DATA_LOSS,
}
"""What gRPC itself says when a connection ends in the middle of a stream."""


@dataclass(slots=True)
class _Details:
    """The details of a status that this package knows; the last of a kind wins."""

    info: error_details_pb2.ErrorInfo = field(default_factory=error_details_pb2.ErrorInfo)
    retry: error_details_pb2.RetryInfo = field(default_factory=error_details_pb2.RetryInfo)
    bad: error_details_pb2.BadRequest = field(default_factory=error_details_pb2.BadRequest)
    quota: error_details_pb2.QuotaFailure = field(default_factory=error_details_pb2.QuotaFailure)
    ours: pb.ErrorDetails = field(default_factory=pb.ErrorDetails)

    def read(self, status: status_pb2.Status) -> None:
        messages = (self.info, self.retry, self.bad, self.quota, self.ours)
        known = {message.DESCRIPTOR.full_name: message for message in messages}
        for packed in status.details:
            message = known.get(packed.TypeName())
            if message is not None:
                try:
                    packed.Unpack(message)
                except DecodeError:
                    message.Clear()


def error_from_status(status: status_pb2.Status) -> LLMClientError:
    """The exception for a status, with all that its details tell.

    A reason that this release does not know, and a status without the gateway's
    details, are raised by their code.
    """
    details = _Details()
    details.read(status)
    info = details.info
    said = info.reason if info.domain == DOMAIN else ""
    reason = _REASONS.get(f"ERROR_REASON_{said}")
    kind = _BY_CODE.get(status.code, LLMClientError)
    if reason is not None:
        kind = EXCEPTIONS.get(reason, kind)
    ours = details.ours
    last = ours.attempts[-1] if ours.attempts else pb.Attempt()
    return kind(
        status.message or _code(status.code),
        reason=reason,
        reason_name=said,
        metadata=info.metadata,
        retry_after=_seconds(details.retry),
        violations=[Violation(v.field, v.description) for v in details.bad.field_violations],
        quota_violations=[
            QuotaViolation(v.subject, v.description) for v in details.quota.violations
        ],
        code=_code(status.code),
        http_status=last.http_status if last.HasField("http_status") else None,
        provider_request_id=last.provider_request_id,
        request_id=ours.request_id,
        usage=ours.usage if ours.HasField("usage") else None,
        cost=ours.cost if ours.HasField("cost") else None,
        attempts=ours.attempts,
    )


def error_from_rpc(
    error: grpc.aio.AioRpcError, target: str, request_id: str, *, started: bool = False
) -> LLMClientError:
    """The exception for a failed call to `target`.

    `request_id` is what the call was sent with. `started` says that an event had
    come: then a lost connection is an interrupted stream.
    """
    trailing = dict(error.trailing_metadata() or ())
    sent_id = trailing.get(REQUEST_ID_KEY, request_id)
    status = _status(trailing.get(DETAILS_KEY))
    if status is not None:
        result = error_from_status(status)
    else:
        code = error.code().value[0]
        status = status_pb2.Status(code=code, message=error.details() or "")
        result, sent_id = _bare(status, target, sent_id, started=started)
    result.request_id = result.request_id or str(sent_id)
    return result


def _bare(
    status: status_pb2.Status, target: str, request_id: str | bytes, *, started: bool
) -> tuple[LLMClientError, str | bytes]:
    """The exception for a status that gRPC itself, or a proxy, made up."""
    where = {"target": target}
    code = _code(status.code)
    error: LLMClientError
    if started and status.code in _BROKEN:
        text = f"the gateway at {target} broke off the stream: {status.message}"
        return StreamInterruptedError(text, metadata=where, code=code), request_id
    if status.code == code_pb2.UNAVAILABLE:
        cause, text = unavailable(target, status.message)
        metadata = {**where, "cause": cause}
        return ProviderNotAvailableError(text, metadata=metadata, code=code), ""
    if status.code == code_pb2.RESOURCE_EXHAUSTED:
        bound = too_large(target, status.message)
        if bound is not None:
            seen, text = bound
            error = InvalidRequestError(text, metadata=where, code=code)
            return error, request_id if seen else ""
    error = error_from_status(status)
    error.metadata.update(where)
    return error, request_id


def _status(packed: str | bytes | None) -> status_pb2.Status | None:
    if not isinstance(packed, bytes):
        return None
    try:
        return status_pb2.Status.FromString(packed)
    except DecodeError:
        return None


def _code(number: int) -> str:
    """The code's name; UNKNOWN for a number that gRPC does not have."""
    known = number in code_pb2.Code.values()
    return code_pb2.Code.Name(number if known else code_pb2.UNKNOWN)


def _seconds(retry: error_details_pb2.RetryInfo) -> float | None:
    if not retry.HasField("retry_delay"):
        return None
    return retry.retry_delay.ToNanoseconds() / 1e9
