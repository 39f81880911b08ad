"""Requests that do not arrive: refused unread, ended in time, and bounded in memory."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any

import grpc
import pytest

from tests.gateway.conftest import ask
from tests.gateway.handlers import good
from tests.hostile.conftest import Attack
from tests.hostile.http2 import GENERATE, Caller, framed
from tests.hostile.victim import MB, Victim
from tests.running import until
from tests.server.wire import failure, reason
from tests.upstream import Upstream

MODEL = "openai/gpt-4o-mini"
KEY = "llmrpc_canary_0123456789"
METHODS = (
    "llmrpc.v1.LLMService/Generate",
    "llmrpc.v1.LLMService/StreamText",
    "llmrpc.v1.LLMService/BatchGenerate",
    "llmrpc.v1.LLMService/CountTokens",
    "llmrpc.v1.LLMService/ListModels",
    "grpc.health.v1.Health/Check",
    "grpc.health.v1.Health/Watch",
    "grpc.health.v1.Health/List",
    "grpc.reflection.v1.ServerReflection/ServerReflectionInfo",
    "grpc.reflection.v1alpha.ServerReflection/ServerReflectionInfo",
)
UPLOADS = 40
LARGE = 4 * MB


@asynccontextmanager
async def callers(victim: Victim, count: int) -> AsyncGenerator[list[Caller], None]:
    """So many connections."""
    async with AsyncExitStack() as stack:
        connected = [await Caller.connect(victim.address) for _ in range(count)]
        for each in connected:
            await stack.enter_async_context(each)
        yield connected


async def test_a_wrong_key_is_refused_at_the_headers(victim: Attack) -> None:
    running = await victim(
        auth=[{"name": "tutor", "key": "${CALLER}"}], environment={"CALLER": KEY}
    )
    async with await Caller.connect(running.address) as caller:
        streams = [caller.begin(f"/{method}") for method in METHODS if "health" not in method]
        streams.append(caller.begin(GENERATE, {"authorization": "Bearer llmrpc_wrong"}))
        await until(lambda: caller.ended.issuperset(streams))
    await until(lambda: running.lines()[5:])
    assert {line["status"] for line in running.lines()} == {"UNAUTHENTICATED"}


async def test_one_call_too_many_is_refused_at_the_headers(victim: Attack) -> None:
    running = await victim(listen={"max_calls": 3})
    async with await Caller.connect(running.address) as caller:
        held = [caller.begin() for _ in range(3)]
        refused = caller.begin()
        await until(lambda: refused in caller.ended)
        assert caller.ended.isdisjoint(held)
        caller.reset(held[0])
        stub = running.stub()
        await until(lambda: running.lines()[1:])
        await stub.Generate(ask(model="echo"), timeout=10)
    assert [line["status"] for line in running.lines()][:2] == ["UNAVAILABLE", "CANCELLED"]


async def test_silent_calls_end_with_a_status_and_a_line(victim: Attack) -> None:
    running = await victim(
        "--log-level", "debug", listen={"read_timeout": 0.5, "max_unread_bytes": 640 * MB}
    )
    async with await Caller.connect(running.address) as caller:
        streams = [caller.begin(f"/{method}") for method in METHODS]
        await until(lambda: caller.ended.issuperset(streams))
        assert set(caller.resets.values()) == {0}  # after a status
    await until(lambda: len(running.lines()) == len(METHODS))
    assert {line["method"] for line in running.lines()} == set(METHODS)
    for line in running.lines():
        assert line["status"] in ("DEADLINE_EXCEEDED", "UNAVAILABLE"), line
        assert line["peer"].startswith("ipv4:127.0.0.1:")
        assert line["request_id"]


async def test_a_silent_call_gets_a_typed_status(victim: Attack) -> None:
    running = await victim(listen={"read_timeout": 0.5})
    call: Any = running.channel().stream_stream(GENERATE)()
    error = await failure(call.read())
    assert error.code() is grpc.StatusCode.DEADLINE_EXCEEDED
    assert reason(error) == "DEADLINE_EXCEEDED"
    assert "did not arrive within 0.5 s" in str(error.details())


@pytest.mark.parametrize("method", ["Generate", "BatchGenerate"])
async def test_uploads_that_stop_are_bounded_together(
    victim: Attack, upstream: Upstream, method: str
) -> None:
    upstream.script(good)
    running = await victim(
        listen={"max_message_bytes": LARGE, "max_unread_bytes": 4 * LARGE, "read_timeout": 6.0}
    )
    request = ask(model=MODEL)
    stub = running.stub()
    await stub.Generate(request)
    before = running.resident()
    path, data = f"/llmrpc.v1.LLMService/{method}", framed(b"x" * LARGE)[: LARGE - 100]
    async with callers(running, UPLOADS) as attackers:
        sending = [asyncio.create_task(each.send(each.begin(path), data)) for each in attackers]
        await until(lambda: sum(task.done() for task in sending) >= 4)
        grown = [running.resident() - before]
        for _ in range(3):
            assert (await stub.Generate(request, timeout=20)).content == "Hello"
            grown.append(running.resident() - before)
        for task in sending:
            task.cancel()
        await asyncio.gather(*sending, return_exceptions=True)
    assert max(grown) < 65, grown  # MB; all of them are 160
