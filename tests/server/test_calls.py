"""Calls that end at the moment in which the server ends them."""

from __future__ import annotations

import asyncio
from typing import Any

from llmrpc.errors import GenerationTimeoutError, LLMClientError
from llmrpc_server.interceptors.calls import Calls
from llmrpc_server.interceptors.rpc import Rpc
from tests.running import until


async def test_what_ends_a_call_has_it_although_it_ended_itself() -> None:
    """Else there would be nothing to give the status to, and no line for the call."""
    calls = Calls(places=1, read_timeout=60.0, write_timeout=60.0, max_undelivered=1)
    had: list[Any] = []

    async def refuse(rpc: Rpc, _: LLMClientError | None) -> None:
        had.append(rpc.core)

    calls.refuse = refuse
    rpc = Rpc("llmrpc.v1.LLMService/Generate", {}, streams=False)
    leave = asyncio.Event()

    async def waits() -> None:
        await calls.begin(rpc)
        await leave.wait()

    task = asyncio.create_task(waits())
    await asyncio.sleep(0)
    leave.set()
    await asyncio.sleep(0)
    assert task.done(), "so what hears of that runs in the loop's next round"
    calls.end(rpc, GenerationTimeoutError("too late"))
    await calls.over()
    await until(lambda: had)
    assert had[0] is not None
