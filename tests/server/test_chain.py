"""What the chain keeps of a call: nothing."""

from __future__ import annotations

import asyncio
import gc
import weakref
from types import SimpleNamespace
from typing import Any

import grpc

from llmrpc_server.interceptors.chain import Chain, Proceed
from llmrpc_server.interceptors.rpc import CURRENT, Rpc
from llmrpc_server.rpc.server import ListenSettings, make_calls


class Request:
    """Stands for megabytes."""

    def __len__(self) -> int:
        return 1


async def test_a_request_is_let_go_with_its_call_and_not_by_the_collector() -> None:
    async def answer(request: Any, context: Any) -> str:
        return "answer"

    async def hand_on(rpc: Rpc, proceed: Proceed) -> Any:
        return await proceed()

    handler: Any = grpc.unary_unary_rpc_method_handler(answer, request_deserializer=lambda it: it)
    method = "llmrpc.v1.LLMService/Generate"
    chain = Chain((hand_on, hand_on), make_calls(ListenSettings()))
    wrapped: Any = chain._wrap(method, handler)
    context = SimpleNamespace()
    CURRENT.set(Rpc(method, {}, streams=False))
    request = Request()
    kept = weakref.ref(request)
    gc.disable()
    try:
        assert await asyncio.create_task(wrapped.unary_unary(request, context)) == "answer"
        del request
        assert kept() is None
    finally:
        gc.enable()
