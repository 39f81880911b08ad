"""`grpc.testing.TestService`, written like a servicer of the gateway's own.

What each method does: doc/interop-test-descriptions.md of grpc/grpc.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import grpc

from tests.interop.messages import PACKAGE, message

SERVICE = f"{PACKAGE}.TestService"
ECHO_INITIAL = "x-grpc-test-echo-initial"
ECHO_TRAILING = "x-grpc-test-echo-trailing-bin"

Empty = message("Empty")
SimpleResponse = message("SimpleResponse")
InputResponse = message("StreamingInputCallResponse")
OutputResponse = message("StreamingOutputCallResponse")
CANCEL_SECONDS = 5.0
"""How long a caller of nothing gets to cancel."""
CODES = {code.value[0]: code for code in grpc.StatusCode}


async def empty_call(request: Any, context: Any) -> Any:
    return Empty()


async def unary_call(request: Any, context: Any) -> Any:
    await _echo_metadata(context)
    await _abort_as_told(request, context)
    response = SimpleResponse()
    response.payload.body = bytes(request.response_size)
    return response


async def streaming_input_call(requests: AsyncIterator[Any], context: Any) -> Any:
    """Answers, but for a stream of nothing: its caller says that it is done, and cancels.

    Of the two the client's own tasks may notice the answer first.
    """
    size, empty = 0, True
    async for request in requests:
        size += len(request.payload.body)
        empty = False
    if empty:
        await asyncio.sleep(CANCEL_SECONDS)
    return InputResponse(aggregated_payload_size=size)


async def streaming_output_call(request: Any, context: Any) -> AsyncIterator[Any]:
    for parameters in request.response_parameters:
        await asyncio.sleep(parameters.interval_us / 1e6)
        response = OutputResponse()
        response.payload.body = bytes(parameters.size)
        yield response


async def full_duplex_call(requests: AsyncIterator[Any], context: Any) -> AsyncIterator[Any]:
    await _echo_metadata(context)
    async for request in requests:
        await _abort_as_told(request, context)
        async for response in streaming_output_call(request, context):
            yield response


async def _echo_metadata(context: Any) -> None:
    given = dict(context.invocation_metadata())
    if ECHO_INITIAL in given:
        await context.send_initial_metadata(((ECHO_INITIAL, given[ECHO_INITIAL]),))
    if ECHO_TRAILING in given:
        context.set_trailing_metadata(((ECHO_TRAILING, given[ECHO_TRAILING]),))


async def _abort_as_told(request: Any, context: Any) -> None:
    told = request.response_status
    if told.code:
        await context.abort(CODES[told.code], told.message)


def mount(server: grpc.aio.Server) -> None:
    """Adds the service; `UnimplementedCall` is left out, as the cases want it."""
    shapes: Any = grpc
    handlers = {
        "EmptyCall": (shapes.unary_unary_rpc_method_handler, empty_call, Empty),
        "UnaryCall": (
            shapes.unary_unary_rpc_method_handler,
            unary_call,
            message("SimpleRequest"),
        ),
        "StreamingInputCall": (
            shapes.stream_unary_rpc_method_handler,
            streaming_input_call,
            message("StreamingInputCallRequest"),
        ),
        "StreamingOutputCall": (
            shapes.unary_stream_rpc_method_handler,
            streaming_output_call,
            message("StreamingOutputCallRequest"),
        ),
        "FullDuplexCall": (
            shapes.stream_stream_rpc_method_handler,
            full_duplex_call,
            message("StreamingOutputCallRequest"),
        ),
    }
    made = {
        name: make(work, request.FromString, lambda response: response.SerializeToString())
        for name, (make, work, request) in handlers.items()
    }
    server.add_generic_rpc_handlers((grpc.method_handlers_generic_handler(SERVICE, made),))
