"""A provider that sends more than it was asked for: nobody gets another caller's answer."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable
from contextlib import aclosing
from typing import Any

import pytest

from tests.conftest import StartGateway
from tests.gateway.conftest import ask
from tests.gateway.handlers import good
from tests.hostile.conftest import KEY
from tests.upstream import DONE, Exchange, Upstream, chat_answer, chat_event, chat_finish

Send = Callable[[Exchange, bytes], Awaitable[None]]


def _response(text: str) -> bytes:
    body = json.dumps(chat_answer(text))
    head = f"content-type: application/json\r\ncontent-length: {len(body)}\r\n"
    return f"HTTP/1.1 200 OK\r\n{head}\r\n{body}".encode()


STALE = _response("stale")
MORE = {
    "a response": STALE,
    "the start of one": STALE[:20],
    "its first letter": STALE[:1],
    "a head and half of its body": STALE[:-20],
    "what is no HTTP": b"\x16\x03\x01\x00",
    "many": STALE * 20,
}


async def _for_the_second(exchange: Exchange) -> None:
    await exchange.send(_response("for the second"))


async def _stub(gateway: StartGateway, upstream: Upstream) -> Any:
    openai = {"base_url": upstream.url, "api_keys": [KEY]}
    running = await gateway(providers={"openai": openai}, default_model="openai/gpt-4o-mini")
    return running.stub


@pytest.mark.parametrize("more", MORE.values(), ids=MORE)
async def test_what_comes_with_an_answer(
    gateway: StartGateway, upstream: Upstream, more: bytes
) -> None:
    async def answers_twice(exchange: Exchange) -> None:
        await exchange.send(_response("for the first") + more)

    upstream.script(answers_twice, _for_the_second)
    stub = await _stub(gateway, upstream)
    first = (await stub.Generate(ask("one"))).content
    # bytes that are no HTTP spoil the whole read: then the request is sent once more
    assert first == "for the first" or more == MORE["what is no HTTP"]
    assert (await stub.Generate(ask("two"))).content == "for the second"


@pytest.mark.parametrize("more", MORE.values(), ids=MORE)
async def test_what_comes_while_the_connection_is_idle(
    gateway: StartGateway, upstream: Upstream, more: bytes
) -> None:
    sent = asyncio.Event()

    async def answers_twice(exchange: Exchange) -> None:
        await exchange.send(_response("for the first"))
        await exchange.seen.wait()
        await exchange.send(more)
        sent.set()

    upstream.script(answers_twice, _for_the_second)
    stub = await _stub(gateway, upstream)
    assert (await stub.Generate(ask("one"))).content == "for the first"
    upstream.exchanges[0].seen.set()
    await sent.wait()
    assert (await stub.Generate(ask("two"))).content == "for the second"


@pytest.mark.parametrize("more", MORE.values(), ids=MORE)
async def test_what_comes_with_the_end_of_a_stream(
    gateway: StartGateway, upstream: Upstream, more: bytes
) -> None:
    async def answers_twice(exchange: Exchange) -> None:
        await exchange.start_stream()
        await exchange.chunk(chat_event(content="for the first"))
        await exchange.seen.wait()
        last = (chat_finish() + DONE).encode()
        await exchange.send(f"{len(last):x}\r\n".encode() + last + b"\r\n0\r\n\r\n" + more)

    upstream.script(answers_twice, _for_the_second)
    stub = await _stub(gateway, upstream)
    async with aclosing(aiter(stub.StreamText(ask("one")))) as events:
        await anext(events)
        upstream.exchanges[0].seen.set()
        *_, last = [event async for event in events]
    assert last.completed.content == "for the first"
    assert (await stub.Generate(ask("two"))).content == "for the second"


async def test_a_clean_connection_is_used_again(gateway: StartGateway, upstream: Upstream) -> None:
    upstream.script(good)
    stub = await _stub(gateway, upstream)
    for _ in range(3):
        assert (await stub.Generate(ask("one"))).content == "Hello"
        *_, last = [event async for event in stub.StreamText(ask("two"))]
        assert last.completed.content == "Hello"
    assert upstream.connections == 1
