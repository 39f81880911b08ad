"""The details of a status, small enough for the metadata of any client."""

from __future__ import annotations

from collections.abc import Iterator

from google.protobuf.any_pb2 import Any
from google.protobuf.duration_pb2 import Duration
from google.protobuf.message import Message
from google.rpc import error_details_pb2, status_pb2

from llmrpc import v1 as pb
from llmrpc.errors import LLMClientError, Violation

DOMAIN = "llmrpc"
MAX_BYTES = 2048
"""Of a status with its details: a larger one could cross a client's metadata
limit, and an error about that would replace it."""
MAX_VIOLATIONS = 20
MAX_VALUE = 150
"""Bytes of one text in a detail."""
MAX_METADATA = 600
MAX_DELAY = 365 * 86_400.0
"""Seconds that a caller may be asked to wait: a year stands for ever."""
ENVELOPE = 56
"""Bytes that a detail takes beside its own: the name of its type."""


def add_details(status: status_pb2.Status, error: LLMClientError) -> None:
    """Adds ErrorInfo, what else applies, and ErrorDetails.

    Violations past the bound are counted in ErrorInfo, and the oldest attempts
    are left out.
    """
    for detail in (_info(error), *_waits(error), *_quotas(error)):
        _pack(status, detail)
    own = pb.ErrorDetails(request_id=error.request_id, usage=error.usage, cost=error.cost)
    room = MAX_BYTES - status.ByteSize() - own.ByteSize() - 2 * ENVELOPE
    if error.violations:
        bad = _violations(error.violations, room)
        room -= bad.ByteSize()
        _pack(status, bad)
    own.attempts.extend(_newest(error.attempts, room))
    _pack(status, own)


def cut(text: str, most: int = MAX_VALUE) -> str:
    """The text, in at most so many bytes of UTF-8."""
    data = text.encode(errors="replace")
    if len(data) <= most:
        return data.decode()
    return data[: most - 3].decode(errors="ignore") + "…"


def _info(error: LLMClientError) -> Message:
    metadata = {"violations": str(len(error.violations))} if error.violations else {}
    room = MAX_METADATA
    for key, value in error.metadata.items():
        pair = cut(key, 64), cut(value)
        room -= sum(len(text.encode()) for text in pair)
        if room < 0:
            break
        metadata[pair[0]] = pair[1]
    return error_details_pb2.ErrorInfo(reason=error.reason_name, domain=DOMAIN, metadata=metadata)


def _waits(error: LLMClientError) -> Iterator[Message]:
    if error.retry_after is not None:
        seconds = error.retry_after if error.retry_after > 0 else 0.0
        delay = Duration()
        delay.FromNanoseconds(int(min(seconds, MAX_DELAY) * 1e9))
        yield error_details_pb2.RetryInfo(retry_delay=delay)


def _quotas(error: LLMClientError) -> Iterator[Message]:
    if error.reason in (pb.ERROR_REASON_BUDGET_EXCEEDED, pb.ERROR_REASON_RATE_LIMITED):
        subject = error.metadata.get("budget") or error.metadata.get("limit", "")
        quota = error_details_pb2.QuotaFailure()
        quota.violations.add(subject=cut(subject), description=cut(error.message))
        yield quota


def _violations(violations: tuple[Violation, ...], room: int) -> error_details_pb2.BadRequest:
    bad = error_details_pb2.BadRequest()
    for violation in violations[:MAX_VIOLATIONS]:
        bad.field_violations.add(field=cut(violation.field), description=cut(violation.description))
        if bad.ByteSize() > room:
            del bad.field_violations[-1]
            break
    return bad


def _newest(attempts: tuple[pb.Attempt, ...], room: int) -> list[pb.Attempt]:
    """The newest attempts that have room, oldest first."""
    kept: list[pb.Attempt] = []
    for attempt in reversed(attempts):
        room -= attempt.ByteSize() + 4
        if room < 0:
            break
        kept.insert(0, attempt)
    return kept


def _pack(status: status_pb2.Status, detail: Message) -> None:
    packed = Any()
    packed.Pack(detail)
    status.details.append(packed)
