"""A caller that goes away costs nothing more: the upstream is closed."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from tests.gateway.conftest import Gateway, Start, ask
from tests.running import until
from tests.upstream import Exchange, Upstream, chat_event

TOKENS = 10_000


async def test_cancelling_in_the_middle_closes_the_upstream_while_it_has_tokens(
    gateway: Gateway, upstream: Upstream
) -> None:
    sent = 0

    async def many(exchange: Exchange) -> None:
        nonlocal sent
        await exchange.start_stream()
        while sent < TOKENS and not exchange.closed.is_set():
            await exchange.chunk(chat_event(content="x"))
            sent += 1
            await asyncio.sleep(0.002)

    upstream.script(many)
    call = gateway.stub.StreamText(ask())
    await call.read()
    call.cancel()
    await asyncio.wait_for(upstream.exchanges[0].closed.wait(), 5)
    assert 0 < sent < TOKENS


async def silent(exchange: Exchange) -> None:
    await exchange.closed.wait()


@pytest.mark.parametrize("method", ["Generate", "StreamText"])
async def test_cancelling_before_the_first_token_closes_the_upstream(
    gateway: Gateway, upstream: Upstream, method: str
) -> None:
    upstream.script(silent)
    call: Any = getattr(gateway.stub, method)(ask())
    await until(lambda: upstream.exchanges)
    call.cancel()
    await asyncio.wait_for(upstream.exchanges[0].closed.wait(), 5)


async def test_a_caller_that_reads_nothing_is_cut_and_the_upstream_closed(
    start: Start, upstream: Upstream
) -> None:
    gateway = await start(listen__write_timeout=0.3)
    sent = 0

    async def flood(exchange: Exchange) -> None:
        nonlocal sent
        await exchange.start_stream()
        while sent < TOKENS and not exchange.closed.is_set():
            await exchange.chunk(chat_event(content="x" * 50_000))
            sent += 1

    upstream.script(flood)
    call = gateway.stub.StreamText(ask())
    await call.read()
    await asyncio.wait_for(upstream.exchanges[0].closed.wait(), 20)
    assert 0 < sent < TOKENS
    call.cancel()
