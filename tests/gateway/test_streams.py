"""What happens to a stream after its first delta."""

from __future__ import annotations

import asyncio
from typing import Any

import grpc
import pytest

from tests.gateway.conftest import Gateway, Start, ask
from tests.gateway.failures import Failure, read_failure
from tests.upstream import DONE, Exchange, Upstream, chat_event, chat_finish, chat_usage


async def read(call: Any, upstream: Upstream) -> tuple[str, Failure | None, bool]:
    """The text, the failure if there was one, and whether `completed` came.

    The provider is told when the first event was seen.
    """
    text, completed = "", False
    try:
        async for event in call:
            upstream.exchanges[-1].seen.set()
            text += "".join(delta.text for delta in event.deltas)
            completed |= event.HasField("completed")
    except grpc.aio.AioRpcError as error:
        return text, read_failure(error), completed
    return text, None, completed


async def begin(exchange: Exchange) -> None:
    await exchange.start_stream()
    await exchange.chunk(chat_event(content="Hello"))
    await exchange.seen.wait()


async def cut(exchange: Exchange) -> None:
    await begin(exchange)
    exchange.break_off()


async def clean_end(exchange: Exchange) -> None:
    await begin(exchange)
    await exchange.end_stream()


async def error_inside(exchange: Exchange) -> None:
    await begin(exchange)
    await exchange.chunk('data: {"error": {"message": "overloaded", "code": "server_error"}}\n\n')
    await exchange.end_stream()


async def error_behind_a_delta(exchange: Exchange) -> None:
    await exchange.start_stream()
    await exchange.chunk(chat_event(content="Hel"))
    await exchange.seen.wait()
    await exchange.chunk(chat_event(content="lo") + 'data: {"error": {"message": "gone"}}\n\n')
    await exchange.closed.wait()


async def invalid_json(exchange: Exchange) -> None:
    await begin(exchange)
    await exchange.chunk('data: {"choices": [{"del\n\n')
    await exchange.end_stream()


async def giant_event(exchange: Exchange) -> None:
    await begin(exchange)
    await exchange.chunk("data: " + "x" * 200_000)
    await exchange.closed.wait()


@pytest.mark.parametrize(
    "handler",
    [cut, clean_end, error_inside, error_behind_a_delta, invalid_json, giant_event],
)
async def test_a_broken_stream_never_looks_finished(
    start: Start, upstream: Upstream, handler: Any
) -> None:
    gateway = await start(http={"max_event_bytes": 100_000})
    upstream.script(handler)
    text, failure, completed = await read(gateway.stub.StreamText(ask()), upstream)
    assert (text, completed) == ("Hello", False)
    assert failure is not None
    assert (failure.code, failure.reason) == (grpc.StatusCode.UNAVAILABLE, "STREAM_INTERRUPTED")
    assert failure.pushback == "-1"
    assert failure.details.usage.estimated
    assert failure.details.usage.output_tokens == 2
    assert failure.details.cost.total_nano_usd > 0
    assert len(upstream.exchanges) == 1, "nothing is tried again behind the first delta"


async def test_an_answer_without_end_is_bounded(start: Start, upstream: Upstream) -> None:
    gateway = await start(http={"max_body_bytes": 100_000})
    sent = 0

    async def endless(exchange: Exchange) -> None:
        nonlocal sent
        await exchange.start_stream()
        while sent < 50_000_000 and not exchange.closed.is_set():
            await exchange.chunk(chat_event(content="x" * 1000))
            sent += 1000

    upstream.script(endless)
    text, failure, completed = await read(gateway.stub.StreamText(ask()), upstream)
    assert failure is not None
    assert (failure.reason, completed) == ("STREAM_INTERRUPTED", False)
    assert "more than 100000 bytes" in failure.message
    assert failure.details.usage.output_tokens * 4 == len(text) > 100_000
    await asyncio.wait_for(upstream.exchanges[0].closed.wait(), 5)
    assert sent < 50_000_000


async def test_a_stall_in_the_middle_ends_the_stream_in_spite_of_comments(
    start: Start, upstream: Upstream
) -> None:
    gateway = await start(timeout=1.0)

    async def stall(exchange: Exchange) -> None:
        await begin(exchange)
        while not exchange.closed.is_set():
            await exchange.chunk(": keep-alive\n\n")
            await asyncio.sleep(0.02)

    upstream.script(stall)
    text, failure, _ = await read(gateway.stub.StreamText(ask(), timeout=30), upstream)
    assert text == "Hello"
    assert failure is not None
    assert (failure.code, failure.reason) == (
        grpc.StatusCode.DEADLINE_EXCEEDED,
        "PROVIDER_STALLED",
    )
    assert failure.details.usage.output_tokens == 2
    await asyncio.wait_for(upstream.exchanges[0].closed.wait(), 5)


async def test_a_finish_reason_without_done_is_success(
    gateway: Gateway, upstream: Upstream
) -> None:
    async def no_done(exchange: Exchange) -> None:
        await begin(exchange)
        await exchange.chunk(chat_finish())
        await exchange.end_stream()

    upstream.script(no_done)
    assert await read(gateway.stub.StreamText(ask()), upstream) == ("Hello", None, True)


async def test_done_with_the_socket_left_open_is_done_at_once(
    start: Start, upstream: Upstream
) -> None:
    gateway = await start(timeout=60)

    async def open_end(exchange: Exchange) -> None:
        await begin(exchange)
        await exchange.chunk(chat_finish() + chat_usage() + DONE)
        await exchange.closed.wait()

    upstream.script(open_end)
    assert await asyncio.wait_for(read(gateway.stub.StreamText(ask()), upstream), 10) == (
        "Hello",
        None,
        True,
    )


async def test_a_long_stream_is_not_bounded_by_the_timeout(
    start: Start, upstream: Upstream
) -> None:
    gateway = await start(timeout=1.0)

    async def slow(exchange: Exchange) -> None:
        await exchange.start_stream()
        for _ in range(15):
            await exchange.chunk(chat_event(content="x"))
            await asyncio.sleep(0.1)
        await exchange.chunk(chat_finish() + DONE)
        await exchange.end_stream()

    upstream.script(slow)
    assert await read(gateway.stub.StreamText(ask()), upstream) == ("x" * 15, None, True)


async def test_the_callers_deadline_ends_a_stream_and_closes_the_upstream(
    gateway: Gateway, upstream: Upstream
) -> None:
    async def endless(exchange: Exchange) -> None:
        await exchange.start_stream()
        while not exchange.closed.is_set():
            await exchange.chunk(chat_event(content="x"))
            await asyncio.sleep(0.02)

    upstream.script(endless)
    with pytest.raises(grpc.aio.AioRpcError) as caught:
        async for _ in gateway.stub.StreamText(ask(), timeout=1.5):
            pass
    assert caught.value.code() is grpc.StatusCode.DEADLINE_EXCEEDED
    await asyncio.wait_for(upstream.exchanges[0].closed.wait(), 5)
