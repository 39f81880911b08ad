"""The record of one try at a provider."""

from __future__ import annotations

import asyncio
import time
from types import TracebackType
from typing import Self

from llmrpc import v1 as pb
from llmrpc.call import Call
from llmrpc.errors import LLMClientError

MAX_MESSAGE = 200
"""Characters of an error that an attempt keeps."""


class Try:
    """Adds an attempt to the call's trail, and settles it.

    As a context manager around the request it settles with the outcome: success
    when the block ends, failure when it raises. A stream that breaks later is
    settled again by `fail`.
    """

    __slots__ = ("_call", "_started", "record")

    def __init__(self, call: Call, provider: str, model: str) -> None:
        self._call = call
        self._started = time.monotonic()
        self.record = pb.Attempt(provider=provider, model=model)
        if call.target is not None and call.target.key is not None:
            self.record.key = call.target.key.name
        call.trail.append(self.record)

    def succeed(self) -> None:
        """It gave the answer, even if that came as an error."""
        for name in ("reason", "message", "http_status"):
            self.record.ClearField(name)
        self.record.outcome = pb.Attempt.OUTCOME_SUCCEEDED
        self.record.duration.FromNanoseconds(int((time.monotonic() - self._started) * 1e9))

    def spend(self, usage: pb.Usage, cost: pb.Cost) -> None:
        """It used this, whatever became of it."""
        self.record.usage.CopyFrom(usage)
        self.record.cost.CopyFrom(cost)

    def fail(self, error: BaseException) -> None:
        """It failed with this; a deadline that has passed cancels it."""
        self.succeed()
        self.record.outcome = pb.Attempt.OUTCOME_FAILED
        self.record.reason = pb.ERROR_REASON_INTERNAL
        if isinstance(error, asyncio.CancelledError) and self._call.remaining() == 0:
            self.record.reason = pb.ERROR_REASON_DEADLINE_EXCEEDED
        if isinstance(error, LLMClientError):
            self.record.reason = error.reason
            self.record.message = error.message[:MAX_MESSAGE]
            if error.http_status is not None:
                self.record.http_status = error.http_status
            if error.provider_request_id:
                self.record.provider_request_id = error.provider_request_id

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if error is None:
            self.succeed()
        else:
            self.fail(error)
