"""Watches how a provider's calls end, and says when it is down and up again."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TypeVar

from llmrpc import v1 as pb
from llmrpc.base import BaseLLMClient
from llmrpc.call import Call
from llmrpc.errors import LLMClientError
from llmrpc.stream import EventStream
from llmrpc.wrapper import WrapperClient

T = TypeVar("T")

_DOWN = {
    pb.ERROR_REASON_PROVIDER_UNAVAILABLE,
    pb.ERROR_REASON_PROVIDER_OVERLOADED,
    pb.ERROR_REASON_PROVIDER_RESPONSE_INVALID,
    pb.ERROR_REASON_PROVIDER_STALLED,
}
_BROKEN = {*_DOWN, pb.ERROR_REASON_STREAM_INTERRUPTED}
"""The same after the first delta."""
FAILURES = 3
"""Failed calls in a row that make a provider count as down."""


class HealthWatcher(WrapperClient):
    """Reports `on_change(provider, up)`.

    It stands before the retries: a call counts once, as it ends. The provider is down after
    consecutive failures, streams that broke included, and up after the next whole answer or
    refusal of a request or a key. What never got there does not count.
    """

    def __init__(self, inner: BaseLLMClient, on_change: Callable[[str, bool], None]) -> None:
        super().__init__(inner)
        self._on_change = on_change
        self._failures = 0

    async def around(
        self, request: pb.GenerateRequest, call: Call, once: Callable[[Call], Awaitable[T]]
    ) -> T:
        try:
            result = await once(call)
        except LLMClientError as error:
            if error.reason in _DOWN:
                self.failed()
            elif error.http_status is not None or _was_refused(call):
                self.answered()
            raise
        if not isinstance(result, EventStream):  # a stream has yet to end
            self.answered()
        return result

    async def open_stream(
        self, request: pb.GenerateRequest, call: Call | None = None
    ) -> EventStream:
        return _WatchedStream(await super().open_stream(request, call), self)

    async def count_tokens(
        self, request: pb.GenerateRequest, call: Call | None = None
    ) -> pb.CountTokensResponse:
        """Passes: most counts are made here and tell nothing of the provider."""
        return await self.inner.count_tokens(request, call)

    def failed(self) -> None:
        """A call failed by the provider's fault."""
        self._failures += 1
        if self._failures == FAILURES:
            self._on_change(self.provider_name, False)

    def answered(self) -> None:
        """A call was answered."""
        if self._failures >= FAILURES:
            self._on_change(self.provider_name, True)
        self._failures = 0


class _WatchedStream(EventStream):
    """Tells how the stream ends; one that the caller leaves tells nothing."""

    __slots__ = ("_events", "_watcher")

    def __init__(self, events: EventStream, watcher: HealthWatcher) -> None:
        self._events = events
        self._watcher = watcher

    async def __anext__(self) -> pb.StreamEvent:
        try:
            event = await self._events.__anext__()
        except LLMClientError as error:
            if error.reason in _BROKEN:
                self._watcher.failed()
            raise
        if event.HasField("completed"):
            self._watcher.answered()
        return event

    async def aclose(self) -> None:
        await self._events.aclose()


def _was_refused(call: Call) -> bool:
    """Whether the last attempt was: then the error is about the keys that rest since."""
    return bool(call.trail) and call.trail[-1].HasField("http_status")
