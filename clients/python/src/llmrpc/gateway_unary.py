"""A unary call to a gateway: its answer, or the exception for what ended it."""

from __future__ import annotations

import asyncio
from typing import Any, TypeVar

import grpc.aio

from llmrpc.errors import LLMClientError
from llmrpc.gateway_stream import being_cancelled
from llmrpc.status import error_from_rpc

T = TypeVar("T")


async def whole(rpc: grpc.aio.UnaryUnaryCall[Any, T], target: str, request_id: str) -> T:
    """The answer of a call to `target`; whatever ends the wait early cancels it."""
    try:
        return await rpc
    except grpc.aio.AioRpcError as error:
        raise error_from_rpc(error, target, request_id) from error
    except asyncio.CancelledError:
        if being_cancelled():
            raise
        raise LLMClientError("the client was closed during the call") from None
    finally:
        rpc.cancel()
