"""Puts the interceptors around every method of the server."""

from __future__ import annotations

import inspect
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import aclosing
from functools import partial
from typing import Any, Protocol, TypeAlias

import grpc

from llmrpc_server.frames import drop_frames
from llmrpc_server.interceptors.context import ServicerContext
from llmrpc_server.interceptors.patience import Patience
from llmrpc_server.interceptors.requests import reader
from llmrpc_server.interceptors.rpc import CURRENT, Context, Rpc

Proceed = Callable[[], Awaitable[Any]]
Work = Callable[[Any, Any], Awaitable[Any]]
Handler: TypeAlias = "grpc.RpcMethodHandler[Any, Any]"


class Interceptor(Protocol):
    """One concern around a call. It awaits `proceed()` once, or raises.

    A stream is written while `proceed()` runs, so what stands behind it happens
    when the call is over, and nothing is spent per message.
    """

    async def __call__(self, rpc: Rpc, proceed: Proceed) -> Any: ...


class Chain(grpc.aio.ServerInterceptor):
    """The one interceptor that gRPC sees: an ordered tuple, outermost first."""

    def __init__(self, interceptors: Sequence[Interceptor], write_timeout: float = 30.0) -> None:
        self.interceptors = tuple(interceptors)
        self._write_timeout = write_timeout
        self._wrapped: dict[str, Handler] = {}

    async def intercept_service(
        self,
        continuation: Callable[[grpc.HandlerCallDetails], Awaitable[Handler | None]],
        handler_call_details: grpc.HandlerCallDetails,
    ) -> Handler | None:
        path = handler_call_details.method
        wrapped = self._wrapped.get(path)
        if wrapped is None:
            handler = await continuation(handler_call_details)
            if handler is None:
                return None  # an unknown method: gRPC answers UNIMPLEMENTED
            wrapped = self._wrapped[path] = self._wrap(path.lstrip("/"), handler)
        return wrapped

    def _wrap(self, method: str, handler: Handler) -> Handler:
        work, make = _shape(handler)
        streams = handler.response_streaming
        writes = streams and not inspect.iscoroutinefunction(work)
        inner = _writing(work, self._write_timeout) if writes else work
        read = reader(method, handler)
        inward = self.interceptors[::-1]

        async def serve(request: Any, context: Context) -> Any:
            requests = [context if handler.request_streaming else request]
            del request
            try:
                return await run(requests, context)
            except BaseException as error:
                drop_frames(error)
                del context  # gRPC keeps its own error with the call: a cycle
                raise

        async def run(requests: list[Any], context: Context) -> Any:
            metadata = {
                key: value
                for key, value in context.invocation_metadata() or ()
                if isinstance(value, str)
            }
            rpc = Rpc(method, context, metadata, streams)
            CURRENT.set(rpc)

            def answer() -> Awaitable[Any]:
                return inner(read(requests.pop()), ServicerContext(rpc))

            proceed: Proceed = answer
            for interceptor in inward:
                proceed = partial(interceptor, rpc, proceed)
            return await proceed()

        # without a deserializer gRPC hands on bytes: they are read inside
        return make(serve, response_serializer=handler.response_serializer)


def _shape(handler: Any) -> tuple[Work, Callable[..., Handler]]:
    """A handler's behaviour, and what makes another of the same shape."""
    if handler.request_streaming and handler.response_streaming:
        return handler.stream_stream, grpc.stream_stream_rpc_method_handler
    if handler.request_streaming:
        return handler.stream_unary, grpc.stream_unary_rpc_method_handler
    if handler.response_streaming:
        return handler.unary_stream, grpc.unary_stream_rpc_method_handler
    return handler.unary_unary, grpc.unary_unary_rpc_method_handler


def _writing(generate: Callable[[Any, Context], Any], timeout: float) -> Work:
    """A generator of messages as a coroutine that writes them."""

    async def write(request: Any, context: Context) -> None:
        messages: AsyncIterator[Any] = generate(request, context)
        with Patience(timeout) as patience:
            async with aclosing(messages):  # type: ignore[type-var]  # an async generator
                async for message in messages:
                    patience.begin()
                    await context.write(message)
                    patience.end()

    return write
