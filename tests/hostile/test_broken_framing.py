"""A body whose framing breaks: the call ends at once, in the gateway's own words."""

from __future__ import annotations

import asyncio
from contextlib import aclosing
from typing import Any

import grpc
import pytest

from llmrpc.status import error_from_rpc
from tests.conftest import StartGateway
from tests.gateway.conftest import ask
from tests.hostile.conftest import KEY
from tests.upstream import Exchange, Upstream, chat_event

BROKEN = {
    "no number": b"zz\r\n\r\n",
    "a number without an end": b"ffffffffffffffffffff\r\n",
    "no line end behind a chunk": b"2\r\nabcdef",
    "a negative number": b"-5\r\nabc\r\n",
    "a response in a body": b"HTTP/1.1 200 OK\r\n\r\n",
    "zeros": b"\x00" * 64,
}
LIMIT = 20.0
"""Seconds; the stall that these calls must not wait for is `timeout`, an hour."""
EVENT = chat_event(content="Hello").encode()


async def _stub(gateway: StartGateway, upstream: Upstream) -> Any:
    openai = {"base_url": upstream.url, "api_keys": [KEY]}
    running = await gateway(
        providers={"openai": openai},
        default_model="openai/gpt-4o-mini",
        timeout=3600,
        retry={"attempts": 1},
    )
    return running.stub


def _reason(error: grpc.aio.AioRpcError) -> str:
    return error_from_rpc(error, "", "").reason_name


@pytest.mark.parametrize("broken", BROKEN.values(), ids=BROKEN)
@pytest.mark.parametrize("more", [False, True], ids=["alone", "behind a delta"])
async def test_after_the_first_delta(
    gateway: StartGateway, upstream: Upstream, broken: bytes, more: bool
) -> None:
    async def breaks(exchange: Exchange) -> None:
        await exchange.start_stream()
        await exchange.chunk(EVENT)
        await exchange.seen.wait()
        framed = f"{len(EVENT):x}\r\n".encode() + EVENT + b"\r\n"
        await exchange.send((framed if more else b"") + broken)
        await exchange.closed.wait()

    upstream.script(breaks)
    stub = await _stub(gateway, upstream)
    async with asyncio.timeout(LIMIT), aclosing(aiter(stub.StreamText(ask()))) as events:
        assert (await anext(events)).deltas[0].text == "Hello"
        upstream.exchanges[0].seen.set()
        if more:
            assert (await anext(events)).deltas[0].text == "Hello"
        with pytest.raises(grpc.aio.AioRpcError) as caught:
            await anext(events)
    assert _reason(caught.value) == "STREAM_INTERRUPTED"


@pytest.mark.parametrize("broken", BROKEN.values(), ids=BROKEN)
@pytest.mark.parametrize("stream", [False, True])
async def test_before_it(
    gateway: StartGateway, upstream: Upstream, broken: bytes, stream: bool
) -> None:
    async def breaks(exchange: Exchange) -> None:
        await exchange.start_stream()
        await exchange.send(b"3\r\n: \n\r\n" + broken)
        await exchange.closed.wait()

    upstream.script(breaks)
    stub = await _stub(gateway, upstream)
    async with asyncio.timeout(LIMIT):
        answer = anext(aiter(stub.StreamText(ask()))) if stream else stub.Generate(ask())
        with pytest.raises(grpc.aio.AioRpcError) as caught:
            await answer
    assert _reason(caught.value) == "PROVIDER_UNAVAILABLE"


@pytest.mark.parametrize("failure", [RuntimeError, ValueError, AssertionError, KeyError, EOFError])
async def test_whatever_the_library_raises(
    gateway: StartGateway,
    upstream: Upstream,
    monkeypatch: pytest.MonkeyPatch,
    failure: type[Exception],
) -> None:
    async def breaks(exchange: Exchange) -> None:
        await exchange.start_stream()
        await exchange.chunk(EVENT)
        await exchange.closed.wait()

    upstream.script(breaks)
    stub = await _stub(gateway, upstream)
    async with asyncio.timeout(LIMIT), aclosing(aiter(stub.StreamText(ask()))) as events:
        await anext(events)

        async def fail(*_: object) -> bytes:
            raise failure("of the library's own")

        monkeypatch.setattr("aiohttp.StreamReader.readany", fail)
        upstream.exchanges[0].writer.write(b"1\r\n\n\r\n")  # lets the read that waits return
        with pytest.raises(grpc.aio.AioRpcError) as caught:
            await anext(events)
    assert _reason(caught.value) == "STREAM_INTERRUPTED"
    assert "of the library's own" not in (caught.value.details() or "")
