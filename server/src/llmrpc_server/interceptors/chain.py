"""Puts the interceptors around every method of the server."""

from __future__ import annotations

import asyncio
import inspect
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import aclosing, suppress
from functools import partial
from typing import Any, NoReturn, Protocol, TypeAlias

import grpc

from llmrpc.errors import LLMClientError, MethodNotImplementedError, StreamInterruptedError
from llmrpc_server.frames import drop_frames
from llmrpc_server.interceptors.calls import Calls
from llmrpc_server.interceptors.context import ServicerContext
from llmrpc_server.interceptors.patience import Patience
from llmrpc_server.interceptors.requests import reader
from llmrpc_server.interceptors.rpc import CURRENT, Context, Rpc
from llmrpc_server.rpc.core import hear_of_large_messages

Proceed = Callable[[], Awaitable[Any]]
Work = Callable[[Any, Any], Awaitable[Any]]
Handler: TypeAlias = "grpc.RpcMethodHandler[Any, Any]"
MOST_LETTERS = 256
"""Of the name of a method that is unknown, in logs and statuses."""


class Interceptor(Protocol):
    """One concern around a call. It awaits `proceed()` once, or raises.

    A stream is written while `proceed()` runs, so what stands behind it happens
    when the call is over, and nothing is spent per message. One with a method
    `judge(rpc)` refuses calls at their headers, before their requests are read, by raising
    `LLMClientError`; it may do that alone. A refused call passes the interceptors before the
    first that judges.
    """

    async def __call__(self, rpc: Rpc, proceed: Proceed) -> Any: ...


class Chain(grpc.aio.ServerInterceptor):
    """The one interceptor that gRPC sees: an ordered tuple, outermost first."""

    def __init__(
        self, interceptors: Sequence[Any], calls: Calls, write_timeout: float = 30.0
    ) -> None:
        self.interceptors = tuple(interceptors)
        self._calls = calls
        self._write_timeout = write_timeout
        self._wrapped: dict[str, tuple[str, Handler]] = {}
        judging = [hasattr(each, "judge") for each in self.interceptors]
        first = judging.index(True) if any(judging) else len(judging)
        self._judges = [each.judge for each in self.interceptors if hasattr(each, "judge")]
        self._inward = [each for each in reversed(self.interceptors) if callable(each)]
        self._outer = self.interceptors[:first][::-1]
        self._refusing: Handler = grpc.stream_stream_rpc_method_handler(self._refuse_unread)
        calls.refuse = self._refuse
        hear_of_large_messages(_note_large_message)

    async def intercept_service(
        self,
        continuation: Callable[[grpc.HandlerCallDetails], Awaitable[Handler | None]],
        handler_call_details: grpc.HandlerCallDetails,
    ) -> Handler:
        path = handler_call_details.method
        metadata = {
            key: value
            for key, value in handler_call_details.invocation_metadata or ()
            if isinstance(value, str)
        }
        wrapped = self._wrapped.get(path)
        if wrapped is None:
            handler = await continuation(handler_call_details)
            if handler is None:
                method = path.lstrip("/")[:MOST_LETTERS]
                rpc = Rpc(method, metadata, streams=False)
                rpc.refusal = no_method(method)
                CURRENT.set(rpc)
                return self._refusing
            wrapped = self._wrapped[path] = path.lstrip("/"), self._wrap(path.lstrip("/"), handler)
        method, handler = wrapped
        rpc = Rpc(method, metadata, handler.response_streaming)
        CURRENT.set(rpc)
        try:
            for judge in self._judges:
                judge(rpc)
            await self._calls.begin(rpc)
        except LLMClientError as error:
            drop_frames(error)
            rpc.refusal = error
            return self._refusing
        return handler

    def _wrap(self, method: str, handler: Handler) -> Handler:
        work, make = _shape(handler)
        writes = handler.response_streaming and not inspect.iscoroutinefunction(work)
        inner = self._writing(work) if writes else work
        calls, inward = self._calls, self._inward
        read = reader(method, handler, calls.read)
        many = handler.request_streaming

        async def serve(request: Any, context: Context) -> Any:
            requests = [context if many else request]
            del request
            try:
                return await run(requests, context)
            except BaseException as error:
                drop_frames(error)
                del context  # gRPC keeps its own error with the call: a cycle
                if isinstance(error, grpc.aio.InternalError):
                    calls.lost(CURRENT.get())
                raise

        async def run(requests: list[Any], context: Context) -> Any:
            rpc = CURRENT.get()
            rpc.context = context
            if not many:
                calls.read(rpc)

            def answer() -> Awaitable[Any]:
                return inner(read(requests.pop()), ServicerContext(rpc))

            proceed: Proceed = answer
            for interceptor in inward:
                proceed = partial(interceptor, rpc, proceed)
            return await proceed()

        serialize: Any = handler.response_serializer

        def deliver(response: Any) -> bytes:
            data: bytes = serialize(response)
            calls.answered(CURRENT.get(), len(data))
            return data

        # without a deserializer gRPC hands on bytes: they are read inside
        return make(serve, response_serializer=serialize if handler.response_streaming else deliver)

    async def _refuse_unread(self, request: Any, context: Context) -> None:
        """Ends a call that was refused at its headers; its request stays with its sender."""
        rpc = CURRENT.get()
        rpc.context, rpc.peer = context, context.peer()
        try:
            await self._raise(rpc, rpc.refusal)
        except BaseException as error:
            drop_frames(error)
            del context
            raise

    async def _refuse(self, rpc: Rpc, error: LLMClientError | None) -> None:
        """Ends a call that no handler has with this error, or logs how it ended itself."""
        rpc.context = rpc.core
        with suppress(grpc.aio.AbortError, asyncio.CancelledError):
            await self._raise(rpc, error)
        rpc.context = rpc.core = None

    async def _raise(self, rpc: Rpc, error: LLMClientError | None) -> None:
        async def fail() -> None:
            if error is None:
                await gone()
            else:
                raise error

        proceed: Proceed = fail
        for interceptor in self._outer:
            proceed = partial(interceptor, rpc, proceed)
        await proceed()

    def _writing(self, generate: Callable[[Any, Context], Any]) -> Work:
        """A generator of messages as a coroutine that writes them."""

        async def write(request: Any, context: Context) -> None:
            messages: AsyncIterator[Any] = generate(request, context)
            try:
                with Patience(self._write_timeout) as patience:
                    async with aclosing(messages):  # type: ignore[type-var]  # a generator
                        async for message in messages:
                            patience.begin()
                            try:
                                await context.write(message)
                            except grpc.aio.InternalError:
                                await gone()
                            patience.end()
            except StreamInterruptedError:
                if patience.spent:
                    self._calls.answered(CURRENT.get(), 0)
                raise

        return write


async def gone() -> NoReturn:
    """Cancels this task, for its caller is gone; gRPC would, a moment later."""
    task = asyncio.current_task()
    assert task is not None  # noqa: S101 - there is one in every coroutine
    task.cancel()
    await asyncio.sleep(0)
    raise asyncio.CancelledError


def no_method(method: str) -> MethodNotImplementedError:
    """The error for a method that this release does not have."""
    return MethodNotImplementedError(
        f"gateway has no method {method}; check its name, or update the gateway"
    )


def _note_large_message() -> None:
    if (rpc := CURRENT.get(None)) is not None:
        rpc.too_large = True


def _shape(handler: Any) -> tuple[Work, Callable[..., Handler]]:
    """A handler's behaviour, and what makes another of the same shape."""
    if handler.request_streaming and handler.response_streaming:
        return handler.stream_stream, grpc.stream_stream_rpc_method_handler
    if handler.request_streaming:
        return handler.stream_unary, grpc.stream_unary_rpc_method_handler
    if handler.response_streaming:
        return handler.unary_stream, grpc.unary_stream_rpc_method_handler
    return handler.unary_unary, grpc.unary_unary_rpc_method_handler
