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
from tests.gateway.failures import failure_of, read_failure
from tests.gateway.test_failures import error, good
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
    texts = []
    async with stock(gateway.address) as stub:
        try:
            async for event in stub.StreamText(ask()):
                texts.append(event.deltas[0].text)  # noqa: PERF401 - what came before the error
        except grpc.aio.AioRpcError as error:
            assert read_failure(error).reason == "STREAM_INTERRUPTED"
    assert texts == ["Hello"]
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
        while not upstream.exchanges:
            await asyncio.sleep(0.01)
        second = asyncio.ensure_future(stub.Generate(ask()))
        refused = await failure_of(gateway.stub.Generate(ask()))
        assert refused.reason == "GATEWAY_OVERLOADED"
        assert int(refused.pushback or "-1") > 0
        release.set()
        assert (await first).content == (await second).content == "Hello"
