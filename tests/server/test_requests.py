"""The requests of a stream, as a handler reads them."""

from __future__ import annotations

import asyncio
from typing import Any

import grpc
import pytest

from llmrpc_server.interceptors.requests import reader
from llmrpc_server.interceptors.rpc import CURRENT, Rpc

METHOD = "llmrpc.v1.LLMService/BatchGenerate"


class Refusing:
    """A context whose core refuses the next message, for which grpc.aio says that none comes."""

    async def read(self) -> Any:
        CURRENT.get().too_large = True
        return grpc.aio.EOF


async def test_a_message_over_the_bound_is_not_the_end_of_a_stream() -> None:
    async def handle() -> list[Any]:
        CURRENT.set(Rpc(METHOD, {}, streams=True))
        handler: Any = grpc.stream_stream_rpc_method_handler(handle, bytes)
        return [request async for request in reader(METHOD, handler, lambda rpc: None)(Refusing())]

    with pytest.raises(asyncio.CancelledError):
        await asyncio.create_task(handle())
