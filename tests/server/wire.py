"""What tests say to a gateway, and what they read from its refusals."""

from __future__ import annotations

from collections.abc import Awaitable
from typing import Any, TypeVar

import grpc
from google.protobuf.message import Message
from google.rpc import error_details_pb2, status_pb2

from llmrpc import v1 as pb
from tests.running import RunningGateway
from tests.server.scripted import Scripted

M = TypeVar("M", bound=Message)


def ask(model: str = "", text: str = "Hello there", **fields: Any) -> pb.GenerateRequest:
    """A request of one user message; a bare model is one of the scripted provider."""
    if model and "/" not in model:
        model = f"scripted/{model}"
    message = pb.LLMMessage(role=pb.ROLE_USER, content=text)
    return pb.GenerateRequest(messages=[message], model=model, **fields)


async def failure(call: Awaitable[Any]) -> grpc.aio.AioRpcError:
    """The error that a call ends with."""
    try:
        result = await call
    except grpc.aio.AioRpcError as error:
        return error
    raise AssertionError(f"the call succeeded: {result}")


async def everything(call: Any) -> list[pb.StreamEvent]:
    """All events of a stream."""
    return [event async for event in call]


def trailer(error: grpc.aio.AioRpcError, key: str) -> Any:
    return dict(error.trailing_metadata() or ()).get(key)


def status(error: grpc.aio.AioRpcError) -> status_pb2.Status:
    """The google.rpc.Status that came with an error."""
    packed = trailer(error, "grpc-status-details-bin")
    assert isinstance(packed, bytes), error
    result = status_pb2.Status.FromString(packed)
    assert result.code == error.code().value[0]
    assert result.message == error.details()
    return result


def detail(error: grpc.aio.AioRpcError | status_pb2.Status, kind: type[M]) -> M:
    """The one detail of a kind."""
    found = []
    for packed in (error if isinstance(error, status_pb2.Status) else status(error)).details:
        message = kind()
        if packed.Unpack(message):
            found.append(message)
    assert len(found) == 1, f"{len(found)} of {kind}"
    return found[0]


def reason(error: grpc.aio.AioRpcError) -> str:
    info = detail(error, error_details_pb2.ErrorInfo)
    assert info.domain == "llmrpc"
    return info.reason


def scripted(gateway: RunningGateway) -> Scripted:
    """The scripted provider inside a gateway, behind its policies."""
    client: Any = gateway.app.client._routes["scripted"].client
    while hasattr(client, "inner"):
        client = client.inner
    assert isinstance(client, Scripted)
    return client
