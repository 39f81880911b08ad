"""A caller that goes away costs nothing more: the upstream is closed."""

from __future__ import annotations

import asyncio
import time
from typing import Any

import pytest

from llmrpc import Call, GenerationTimeoutError, accumulate
from llmrpc import v1 as pb
from tests.gateway.conftest import Gateway, Start, ask
from tests.gateway.failures import failure_of
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
    await anext(aiter(call))
    await asyncio.wait_for(upstream.exchanges[0].closed.wait(), 20)
    assert 0 < sent < TOKENS
    failure = await asyncio.wait_for(failure_of(call), 20)
    assert failure.reason == "STREAM_INTERRUPTED"
    assert "read nothing for 0.3 s" in failure.message


async def test_what_a_cancelled_call_used_is_recorded_as_estimated(
    gateway: Gateway, upstream: Upstream, caplog: pytest.LogCaptureFixture
) -> None:
    async def begin(exchange: Exchange) -> None:
        await exchange.start_stream()
        await exchange.chunk(chat_event(content="Hello there"))
        await exchange.closed.wait()

    upstream.script(begin)
    caplog.set_level("INFO", "llmrpc.access")
    call = gateway.stub.StreamText(ask())
    await anext(aiter(call))
    call.cancel()
    await until(lambda: [r for r in caplog.records if r.name == "llmrpc.access"])
    fields: dict[str, Any] = vars(caplog.records[-1])["fields"]
    assert fields["status"] == "CANCELLED"
    assert fields["completion_tokens"] == 3
    assert fields["cost_usd"] > 0
    assert fields["estimated"] is True


async def test_a_passed_deadline_tells_what_was_used(gateway: Gateway, upstream: Upstream) -> None:
    async def begin(exchange: Exchange) -> None:
        await exchange.start_stream()
        await exchange.chunk(chat_event(content="Hello there"))
        await exchange.closed.wait()

    upstream.script(begin)
    trail: list[pb.Attempt] = []
    call = Call(deadline=time.monotonic() + 1.0, trail=trail)
    events = await gateway.app.client.open_stream(ask(), call)
    with pytest.raises(GenerationTimeoutError) as caught:
        await accumulate(events)
    assert caught.value.usage is not None
    assert caught.value.usage.output_tokens == trail[0].usage.output_tokens == 3
    assert trail[0].outcome == pb.Attempt.OUTCOME_FAILED
