"""A stock grpcio client with a retry policy, and nothing of ours."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import Any

import grpc

from llmrpc.v1.llm_service_pb2_grpc import LLMServiceStub
from tests.gateway.conftest import Start, ask
from tests.gateway.failures import failure_of
from tests.gateway.handlers import error, good
from tests.running import until
from tests.upstream import Exchange, Upstream, chat_event

POLICY = {
    "methodConfig": [
        {
            "name": [{"service": "llmrpc.v1.LLMService"}],
            "retryPolicy": {
                "maxAttempts": 4,
                "initialBackoff": "0.01s",
                "maxBackoff": "0.02s",
                "backoffMultiplier": 2,
                "retryableStatusCodes": ["UNAVAILABLE"],
            },
        }
    ]
}


@asynccontextmanager
async def stock(address: str) -> AsyncGenerator[Any, None]:
    options = [("grpc.service_config", json.dumps(POLICY))]
    async with grpc.aio.insecure_channel(address, options=options) as channel:
        yield LLMServiceStub(channel)


async def test_the_policy_does_not_multiply_our_own_tries(start: Start, upstream: Upstream) -> None:
    gateway = await start(retry__attempts=2)
    upstream.script(error(503))
    async with stock(gateway.address) as stub:
        failure = await failure_of(stub.Generate(ask()))
        assert failure.pushback == "-1"
        assert len(upstream.exchanges) == 2
        await failure_of(stub.StreamText(ask()))
        assert len(upstream.exchanges) == 4


async def test_a_broken_stream_is_not_replayed(start: Start, upstream: Upstream) -> None:
    gateway = await start()

    async def cut(exchange: Exchange) -> None:
        await exchange.start_stream()
        await exchange.chunk(chat_event(content="Hello"))
        exchange.break_off()

    upstream.script(cut)
    async with stock(gateway.address) as stub:
        call = stub.StreamText(ask())
        first = await anext(aiter(call))
        assert first.deltas[0].text == "Hello"
        assert (await failure_of(call)).reason == "STREAM_INTERRUPTED"
    assert len(upstream.exchanges) == 1


async def test_an_overloaded_gateway_is_asked_again_when_it_said(
    start: Start, upstream: Upstream
) -> None:
    gateway = await start(listen__max_calls=1)
    release = asyncio.Event()

    async def held(exchange: Exchange) -> None:
        await release.wait()
        await good(exchange)

    upstream.script(held, good)
    async with stock(gateway.address) as stub:
        first = asyncio.ensure_future(stub.Generate(ask()))
        await until(lambda: upstream.exchanges)
        second = asyncio.ensure_future(stub.Generate(ask()))
        refused = await failure_of(gateway.stub.Generate(ask()))
        assert refused.reason == "GATEWAY_OVERLOADED"
        assert int(refused.pushback or "-1") > 0
        release.set()
        assert (await first).content == (await second).content == "Hello"
