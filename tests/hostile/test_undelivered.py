"""Callers that take no answers: they count, and are cut, and what they left is freed."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from typing import Any

import grpc
import pytest
from grpc_health.v1 import health_pb2
from grpc_health.v1.health_pb2_grpc import HealthStub

from tests.hostile.conftest import Attack
from tests.hostile.http2 import GENERATE, Caller, framed
from tests.hostile.victim import MB, Victim
from tests.running import LIMIT, until
from tests.server.scripted import SCRIPTED
from tests.server.wire import ask, failure, reason
from tests.upstream import Exchange, Upstream, chat_event

STREAM = "/llmrpc.v1.LLMService/StreamText"
BATCH = "/llmrpc.v1.LLMService/BatchGenerate"
CALLS = 12
ROUNDS = 6
LEAST, KEPT = 90.0, 150.0
"""MB that the answers of a round have at least, and that the process may keep of all rounds."""


async def until_over(victim: Victim, caller: Caller, *streams: int) -> float:
    """Waits until these streams have ended, while other calls come; the most memory, in MB."""
    stub, most = health(victim), 0.0
    async with asyncio.timeout(LIMIT):
        while not caller.ended.issuperset(streams):
            await stub.Check(health_pb2.HealthCheckRequest())
            most = max(most, victim.resident())
            await asyncio.sleep(0.02)
    return most


async def until_freed(victim: Victim, size: float) -> None:
    """Waits until the process has at most so many MB, while other calls come."""
    stub = health(victim)
    async with asyncio.timeout(LIMIT):
        while victim.resident() > size:
            await stub.Check(health_pb2.HealthCheckRequest())
            await asyncio.sleep(0.02)


def health(victim: Victim) -> Any:
    channel: Any = victim.channel()
    return HealthStub(channel)


async def attack(victim: Victim, model: str, calls: int = CALLS) -> float:
    """Asks and takes nothing, until the gateway has cut every call; the most memory seen, in MB."""
    async with await Caller.connect(victim.address, window=0) as caller:
        request = framed(ask(model).SerializeToString())
        streams = [caller.begin(GENERATE) for _ in range(calls)]
        for stream in streams:
            await caller.send(stream, request, end=True)
        most = await until_over(victim, caller, *streams)
        assert not caller.received
    return most


async def test_whole_answers_are_cut_and_freed(victim: Attack) -> None:
    running = await victim(
        providers=SCRIPTED, listen={"write_timeout": 0.5, "max_undelivered_bytes": 4 * MB}
    )
    before = running.resident()
    most = [await attack(running, f"large-{2 * MB}") for _ in range(ROUNDS)]
    await until_freed(running, before + KEPT)
    assert max(most) - before < ROUNDS * LEAST, most
    cut = [
        line for line in running.process.stderr.splitlines() if "did not read its response" in line
    ]
    assert len(cut) == ROUNDS * CALLS
    assert "at ipv4:127.0.0.1:" in cut[0]


async def test_small_answers_are_cut_too(victim: Attack) -> None:
    running = await victim(providers=SCRIPTED, listen={"write_timeout": 0.5})
    await attack(running, "say")


async def test_an_untaken_answer_counts(victim: Attack) -> None:
    running = await victim(providers=SCRIPTED, listen={"write_timeout": 60.0, "max_calls": 2})
    stub = running.stub()
    async with await Caller.connect(running.address, window=0) as caller:
        for stream in (caller.begin(GENERATE), caller.begin(GENERATE)):
            await caller.send(stream, framed(ask("say").SerializeToString()), end=True)
        await until(lambda: len(running.lines()) == 2)  # both have their answers
        assert reason(await failure(stub.Generate(ask("say")))) == "GATEWAY_OVERLOADED"
    async with asyncio.timeout(LIMIT):  # callers that are gone count no more
        while True:
            with suppress(grpc.aio.AioRpcError):
                await stub.Generate(ask("say"))
                break
            await asyncio.sleep(0.05)


async def test_large_answers_have_longer_while_there_is_room(victim: Attack) -> None:
    running = await victim(providers=SCRIPTED, listen={"write_timeout": 0.5})
    async with await Caller.connect(running.address, window=0) as caller:
        stream = caller.begin(GENERATE)
        await caller.send(stream, framed(ask(f"large-{4 * MB}").SerializeToString()), end=True)
        await until(running.lines)
        small = caller.begin(GENERATE)
        await caller.send(small, framed(ask("say").SerializeToString()), end=True)
        await until_over(running, caller, small)
        assert stream not in caller.ended
        caller.give_window(16 * MB, [stream])
        await until(lambda: stream in caller.ended)
        assert caller.received[stream] > 8 * MB


@pytest.mark.parametrize("window", [0, 10_000])
async def test_streams_are_cut_and_freed(victim: Attack, upstream: Upstream, window: int) -> None:
    """At the first write, and after some."""

    async def pours(exchange: Exchange) -> None:
        await exchange.start_stream()
        while not exchange.closed.is_set():
            await exchange.chunk(chat_event(content="Hello" * 1000))

    upstream.script(pours)
    running = await victim(listen={"write_timeout": 0.5})
    async with await Caller.connect(running.address, window=window) as caller:
        streams = [caller.begin(STREAM) for _ in range(3)]
        for stream in streams:
            request = ask("openai/gpt-4o-mini").SerializeToString()
            await caller.send(stream, framed(request), end=True)
        await until_over(running, caller, *streams)
    await until(lambda: all(each.closed.is_set() for each in upstream.exchanges))
    await until(lambda: len(running.lines()) == 3)
    assert {line["reason"] for line in running.lines()} == {"STREAM_INTERRUPTED"}
