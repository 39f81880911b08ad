"""A call that fails keeps no more memory than one that is answered, whatever it fails of."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass, field
from itertools import cycle
from typing import Any

import grpc
import pytest

from llmrpc import v1 as pb
from tests.gateway.conftest import ask
from tests.gateway.handlers import body, breaks, error, good
from tests.hostile.conftest import Attack
from tests.hostile.victim import MB
from tests.server.scripted import SCRIPTED
from tests.upstream import Exchange, Handler, Upstream, chat_event, chat_finish

CALLS = 40
TOLERANCE, AT_ONCE = 25.0, 50.0
"""MB, of calls in turn and of items that run at the same time. 40 requests of 1 MiB are 40,
and as much again for each form that they are made into; items have two at least."""
TEXT = "Hello there " * (MB // 12)
KEY = "llmrpc_canary_0123456789"


async def breaks_midway(exchange: Exchange) -> None:
    """Breaks after the first delta of a stream, and inside a whole answer."""
    await exchange.start_stream()
    await exchange.chunk(chat_event(content="Hello"))
    exchange.break_off()


async def breaks_after_all(exchange: Exchange) -> None:
    """Breaks once everything was sent but the end of the body."""
    await exchange.start_stream()
    await exchange.chunk(chat_event(content="Hello") + chat_finish())
    exchange.break_off()


async def silent(exchange: Exchange) -> None:
    await exchange.closed.wait()


def in_turn(*handlers: Handler) -> Handler:
    """Answers each request with the next of these."""
    turn = cycle(handlers)

    async def handle(exchange: Exchange) -> None:
        await next(turn)(exchange)

    return handle


@dataclass(frozen=True)
class Kind:
    """What the provider does, and what is odd about the request."""

    handler: Handler = good
    model: str = "openai/gpt-4o-mini"
    fields: dict[str, Any] = field(default_factory=dict)
    key: str = KEY
    timeout: float | None = None


FAILING = {
    "wrong key": Kind(key="llmrpc_wrong"),
    "invalid field": Kind(fields={"temperature": 9.0}),
    "unknown model": Kind(model="nobody/nothing"),
    "400": Kind(error(400)),
    "503": Kind(error(503)),
    "reset": Kind(breaks),
    "unreadable answer": Kind(body(b'{"nonsense": true}')),
    "no JSON": Kind(body(b"<html>")),
    "content filter": Kind(error(400, "content_policy_violation")),
    "breaks midway": Kind(breaks_midway),
    "breaks after all": Kind(breaks_after_all),
    "deadline": Kind(silent, timeout=0.02),
    "unforeseen": Kind(model="scripted/boom"),
    "unforeseen midway": Kind(model="scripted/boom-midway"),
    "canceled from inside": Kind(model="scripted/stray"),
    "good after limits": Kind(in_turn(*[error(429, retry_after="0.01")] * 4, good)),
    "good after 503": Kind(in_turn(error(503), good)),
    "good after a reset": Kind(in_turn(breaks, good)),
    "good after another key": Kind(in_turn(error(429, retry_after="0"), good)),
}
Send = Callable[[Any, Kind], Awaitable[None]]


def options(kind: Kind) -> dict[str, Any]:
    return {"metadata": [("authorization", f"Bearer {kind.key}")], "timeout": kind.timeout}


def request(kind: Kind) -> pb.GenerateRequest:
    return ask(TEXT, model=kind.model, **kind.fields)


async def whole(stub: Any, kind: Kind) -> None:
    for _ in range(CALLS):
        with suppress(grpc.aio.AioRpcError):
            await stub.Generate(request(kind), **options(kind))


async def stream(stub: Any, kind: Kind) -> None:
    for _ in range(CALLS):
        with suppress(grpc.aio.AioRpcError):
            async for _event in stub.StreamText(request(kind), **options(kind)):
                pass


async def count(stub: Any, kind: Kind) -> None:
    for _ in range(CALLS):
        with suppress(grpc.aio.AioRpcError):
            await stub.CountTokens(pb.CountTokensRequest(request=request(kind)), **options(kind))


async def batch(stub: Any, kind: Kind) -> None:
    async def items() -> AsyncIterator[pb.BatchItem]:
        for number in range(CALLS):
            yield pb.BatchItem(id=str(number), generate=request(kind))

    with suppress(grpc.aio.AioRpcError):
        async for _result in stub.BatchGenerate(items(), **options(kind)):
            pass


@pytest.mark.parametrize("send", [whole, stream, count, batch])
async def test_what_fails_keeps_nothing(victim: Attack, upstream: Upstream, send: Send) -> None:
    provider = {"base_url": upstream.url, "api_keys": ["sk-one-0123456", "sk-two-0123456"]}
    running = await victim(
        auth=[{"name": "tutor", "key": "${CALLER}"}],
        environment={"CALLER": KEY},
        providers={"openai": provider, **SCRIPTED},
        retry={"attempts": 2, "base_delay": 0.001, "max_delay": 0.001, "min_remaining": 0.001},
    )
    stub = running.stub()
    upstream.script(good)
    for _ in range(4):
        await send(stub, Kind())
    before = running.resident()
    kept = {}
    for name, kind in FAILING.items():
        upstream.script(kind.handler)
        await send(stub, kind)
        kept[name] = round(running.resident() - before, 1)
        upstream.exchanges.clear()
    assert max(kept.values()) < (AT_ONCE if send is batch else TOLERANCE), kept
