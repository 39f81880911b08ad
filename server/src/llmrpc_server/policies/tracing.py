"""One client span for each try at a provider; not in the stack without a tracer."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from dataclasses import replace

from opentelemetry.trace import Tracer

from llmrpc import v1 as pb
from llmrpc.base import BaseLLMClient
from llmrpc.call import Call, Target
from llmrpc.stream import EventStream
from llmrpc.wrapper import WrapperClient
from llmrpc_server.telemetry import CHAT, COUNT, AttemptSpan, upstream_headers


class TracedClient(WrapperClient):
    """Traces its inner client, and continues the trace upstream."""

    def __init__(
        self,
        inner: BaseLLMClient,
        tracer: Tracer,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        super().__init__(inner)
        self._tracer = tracer
        self._clock = clock

    async def generate(
        self, request: pb.GenerateRequest, call: Call | None = None
    ) -> pb.LLMResponse:
        span, call = self._start(request, call or Call(), stream=False)
        try:
            response = await self.inner.generate(request, call)
        except BaseException as error:
            span.fail(error, _last(call))
            raise
        span.succeed(response)
        return response

    async def open_stream(
        self, request: pb.GenerateRequest, call: Call | None = None
    ) -> EventStream:
        span, call = self._start(request, call or Call(), stream=True)
        started = self._clock()
        try:
            events = await self.inner.open_stream(request, call)
        except BaseException as error:
            span.fail(error, _last(call))
            raise
        span.first_chunk(self._clock() - started)
        return _TracedStream(events, span, call)

    async def count_tokens(
        self, request: pb.GenerateRequest, call: Call | None = None
    ) -> pb.CountTokensResponse:
        span, call = self._start(request, call or Call(), stream=False, operation=COUNT)
        try:
            response = await self.inner.count_tokens(request, call)
        except BaseException as error:
            span.fail(error, _last(call))
            raise
        span.counted()
        return response

    def _start(
        self, request: pb.GenerateRequest, call: Call, *, stream: bool, operation: str = CHAT
    ) -> tuple[AttemptSpan, Call]:
        target = call.target or Target(self.provider_name, request.model)
        span = AttemptSpan(
            self._tracer, call.trace_context, target, request, stream=stream, operation=operation
        )
        return span, replace(call, trace_context=upstream_headers(span.span))


class _TracedStream(EventStream):
    """Ends the span when the stream ends, however it ends."""

    def __init__(self, events: EventStream, span: AttemptSpan, call: Call) -> None:
        self._events = events
        self._call = call
        self._span: AttemptSpan | None = span

    async def __anext__(self) -> pb.StreamEvent:
        try:
            event = await self._events.__anext__()
        except BaseException as error:
            self._fail(error)
            raise
        if event.HasField("completed") and self._span is not None:
            self._span.succeed(event.completed)
            self._span = None
        return event

    async def aclose(self) -> None:
        try:
            await self._events.aclose()
        finally:
            self._fail(asyncio.CancelledError())

    def _fail(self, error: BaseException) -> None:
        if self._span is not None:
            self._span.fail(error, _last(self._call))
            self._span = None


def _last(call: Call) -> pb.Attempt | None:
    return call.trail[-1] if call.trail else None
