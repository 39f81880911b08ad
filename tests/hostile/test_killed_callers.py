"""Callers that are killed while something is written to them have canceled their calls."""

from __future__ import annotations

import pytest

from llmrpc import v1 as pb
from tests.gateway.conftest import ask
from tests.gateway.handlers import good
from tests.hostile.conftest import Attack
from tests.hostile.http2 import Caller, framed
from tests.running import until
from tests.upstream import Exchange, Upstream, chat_event

CALLERS = 10
MODEL = "openai/gpt-4o-mini"


async def pours(exchange: Exchange) -> None:
    await exchange.start_stream()
    while not exchange.closed.is_set():
        await exchange.chunk(chat_event(content="Hello" * 100))


@pytest.mark.parametrize("window", [0, 30_000])
async def test_a_stream_is_canceled(victim: Attack, upstream: Upstream, window: int) -> None:
    upstream.script(pours)
    running = await victim()
    path = "/llmrpc.v1.LLMService/StreamText"
    for _ in range(CALLERS):
        caller = await Caller.connect(running.address, window=window)
        stream = caller.begin(path)
        await caller.send(stream, framed(ask(model=MODEL).SerializeToString()), end=True)
        begun = len(upstream.exchanges)
        await until(lambda: caller.received or (not window and upstream.exchanges[begun:]))  # noqa: B023
        await caller.close()
    await until(lambda: len(running.lines()) == CALLERS)
    assert [line["status"] for line in running.lines()] == ["CANCELLED"] * CALLERS
    await until(lambda: all(each.closed.is_set() for each in upstream.exchanges))
    assert "Traceback" not in running.process.stderr


async def test_a_batch_is_canceled(victim: Attack, upstream: Upstream) -> None:
    upstream.script(good)
    running = await victim()
    item = pb.BatchItem(id="1", generate=ask(model=MODEL)).SerializeToString()
    for _ in range(CALLERS):
        caller = await Caller.connect(running.address, window=0)
        stream = caller.begin("/llmrpc.v1.LLMService/BatchGenerate")
        done = len(running.lines("item"))
        await caller.send(stream, framed(item))
        await until(lambda: running.lines("item")[done:])  # noqa: B023
        await caller.close()
    await until(lambda: len(running.lines()) == CALLERS)
    assert [line["status"] for line in running.lines()] == ["CANCELLED"] * CALLERS
