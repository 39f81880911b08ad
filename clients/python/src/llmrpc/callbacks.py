"""Callbacks: the application is told of every call of a client."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence
from contextlib import aclosing
from dataclasses import replace
from typing import TypeVar

from llmrpc import v1 as pb
from llmrpc.base import BaseLLMClient
from llmrpc.batch_items import BatchItems
from llmrpc.call import Call, new_request_id
from llmrpc.callbacks_batch import reported
from llmrpc.stream import EventStream
from llmrpc.wrapper import WrapperClient

T = TypeVar("T")


class LLMCallback:
    """Told of calls; override what is wanted.

    Each call, and each item of a batch, has one `on_llm_start`, and then exactly one
    of `on_llm_end` and `on_llm_error`; `call.request_id` ties them together. The call
    waits for a callback, so a slow one belongs in a task of its own. One of these
    three that raises is logged and changes nothing; `before_llm_send` alone can refuse
    a call. The refusal of an item ends its batch, once what was sent is answered.
    """

    async def on_llm_start(self, call: Call, request: pb.GenerateRequest) -> None:
        """A call begins."""

    async def before_llm_send(self, call: Call, request: pb.GenerateRequest) -> None:
        """All callbacks know of the call, and nothing is sent yet: raise to refuse it.

        What is raised reaches the caller, and every callback as `on_llm_error`.
        """

    async def on_llm_end(
        self, call: Call, request: pb.GenerateRequest, response: pb.LLMResponse, duration: float
    ) -> None:
        """It gave its whole answer, after `duration` seconds.

        For a stream that is its completed response, just before the caller gets it.
        """

    async def on_llm_error(
        self, call: Call, request: pb.GenerateRequest, error: BaseException, duration: float
    ) -> None:
        """It failed after `duration` seconds.

        A call that was cancelled, and a stream that was left before its completed
        response, end with `asyncio.CancelledError`.
        """


class CallbackClient(WrapperClient):
    """Tells the callbacks, in their order, of every call of `inner`."""

    def __init__(self, inner: BaseLLMClient, callbacks: Sequence[LLMCallback]) -> None:
        super().__init__(inner)
        self._callbacks = tuple(callbacks)

    async def generate(
        self, request: pb.GenerateRequest, call: Call | None = None
    ) -> pb.LLMResponse:
        report = _Report(self, self._callbacks, call or Call(), request)
        response = await report.watch(self.inner.generate)
        await report.end(response)
        return response

    async def open_stream(
        self, request: pb.GenerateRequest, call: Call | None = None
    ) -> EventStream:
        report = _Report(self, self._callbacks, call or Call(), request)
        return _ReportedStream(await report.watch(self.inner.open_stream), report)

    async def batch(
        self, items: BatchItems, call: Call | None = None
    ) -> AsyncGenerator[pb.BatchResult, None]:
        whole = call or Call()

        async def start(request: pb.GenerateRequest) -> _Report:
            one = replace(whole, request_id=new_request_id(), trail=[])
            report = _Report(self, self._callbacks, one, request)
            await report.start()
            return report

        def send(items: BatchItems) -> AsyncGenerator[pb.BatchResult, None]:
            return self.inner.batch(items, whole)

        async with aclosing(reported(items, send, start)) as results:
            async for result in results:
                yield result


class _Report:
    """What the callbacks have been told of one call."""

    def __init__(
        self,
        client: BaseLLMClient,
        callbacks: Sequence[LLMCallback],
        call: Call,
        request: pb.GenerateRequest,
    ) -> None:
        self._over = False
        self._call = call
        self._request = request
        self._logger = client.logger
        self._callbacks = callbacks
        self._started = time.monotonic()

    async def start(self) -> None:
        """Tells of the start, and asks whether to send; a refusal is told of and raised."""
        try:
            await self._tell(lambda one: one.on_llm_start(self._call, self._request))
            for callback in self._callbacks:
                await callback.before_llm_send(self._call, self._request)
        except (Exception, asyncio.CancelledError) as error:
            await self.error(error)
            raise

    async def watch(self, send: Callable[[pb.GenerateRequest, Call], Awaitable[T]]) -> T:
        """Tells of the start, asks whether to send, sends, and tells of an error."""
        await self.start()
        try:
            return await send(self._request, self._call)
        except (Exception, asyncio.CancelledError) as error:
            await self.error(error)
            raise

    async def end(self, response: pb.LLMResponse) -> None:
        await self._finish(
            lambda one, after: one.on_llm_end(self._call, self._request, response, after)
        )

    async def error(self, error: BaseException) -> None:
        await self._finish(
            lambda one, after: one.on_llm_error(self._call, self._request, error, after)
        )

    async def _finish(self, send: Callable[[LLMCallback, float], Awaitable[None]]) -> None:
        if self._over:
            return
        self._over = True
        duration = time.monotonic() - self._started
        await self._tell(lambda one: send(one, duration))

    async def _tell(self, send: Callable[[LLMCallback], Awaitable[None]]) -> None:
        """Tells every callback, also where the call is cancelled meanwhile."""
        cancelled: asyncio.CancelledError | None = None
        for callback in self._callbacks:
            try:
                await send(callback)
            except asyncio.CancelledError as error:
                cancelled = error
            except Exception:
                self._logger.exception(
                    "callback %s failed in call %s", type(callback).__name__, self._call.request_id
                )
        if cancelled is not None:
            raise cancelled


class _ReportedStream(EventStream):
    def __init__(self, events: EventStream, report: _Report) -> None:
        self._events = events
        self._report = report

    async def __anext__(self) -> pb.StreamEvent:
        try:
            event = await anext(self._events)
        except StopAsyncIteration:
            await self._left()
            raise
        except (Exception, asyncio.CancelledError) as error:
            await self._report.error(error)
            raise
        if event.HasField("completed"):
            await self._report.end(event.completed)
        return event

    async def aclose(self) -> None:
        try:
            await self._events.aclose()
        finally:
            await self._left()

    async def _left(self) -> None:
        await self._report.error(asyncio.CancelledError("the stream was left early"))
