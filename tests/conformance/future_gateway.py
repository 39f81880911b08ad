"""A gateway of the future: LLMService by the contract of future.py.

It plays a try's `response` or `events`, in which all that future.py adds may stand, and
notes of each request which of its messages are, byte for byte, ones that it has sent.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from functools import partial
from typing import Any

import grpc
from google.protobuf import json_format

from tests.conformance import future
from tests.conformance.play import Play, Stage, Try

Context = grpc.aio.ServicerContext[Any, Any]
SERVICE = f"{future.PACKAGE}.LLMService"


async def started(stage: Stage) -> tuple[grpc.aio.Server, int]:
    """The gateway on a free port of loopback."""
    server = grpc.aio.server()
    server.add_generic_rpc_handlers((_handlers(stage),))
    port = server.add_insecure_port("127.0.0.1:0")
    await server.start()
    return server, port


def _handlers(stage: Stage) -> grpc.GenericRpcHandler:
    request = future.made("GenerateRequest").FromString
    return grpc.method_handlers_generic_handler(
        SERVICE,
        {
            "Generate": grpc.unary_unary_rpc_method_handler(
                partial(_generate, stage), request, as_bytes
            ),
            "StreamText": grpc.unary_stream_rpc_method_handler(
                partial(_stream_text, stage), request, as_bytes
            ),
        },
    )


def as_bytes(message: Any) -> bytes:
    """The message as it goes onto the wire."""
    return bytes(message.SerializeToString(deterministic=True))


async def _generate(stage: Stage, request: Any, context: Context) -> Any:
    play, action = _asked(stage, request)
    return _noted(json_format.ParseDict(action["response"], future.made("LLMResponse")), play)


async def _stream_text(stage: Stage, request: Any, context: Context) -> AsyncIterator[Any]:
    play, action = _asked(stage, request)
    for item in action["events"]:
        event = json_format.ParseDict(item, future.made("StreamEvent"))
        if event.HasField("completed"):
            _noted(event.completed, play)
        yield event


def _asked(stage: Stage, request: Any) -> tuple[Play, Try]:
    play = stage[request.model]
    sent = {as_bytes(response.message) for response in play.sent}
    what = {
        "request": json_format.MessageToDict(request),
        "sent_back": [as_bytes(message) in sent for message in request.messages],
    }
    action, _ = play.next(what)
    return play, action


def _noted(response: Any, play: Play) -> Any:
    play.sent.append(response)
    return response
