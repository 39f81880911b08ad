"""The keys of a provider: in turn, set aside, limited, waited for."""

from __future__ import annotations

import asyncio

import grpc
import pytest

from tests.gateway.conftest import Gateway, Start, ask
from tests.gateway.failures import failure_of
from tests.gateway.handlers import error, good
from tests.upstream import Exchange, Upstream


async def test_a_rate_limit_ends_with_the_shortest_wait(start: Start, upstream: Upstream) -> None:
    gateway = await start(providers__openai__api_keys=["sk-first-000", "sk-second-000"])
    upstream.script(error(429, retry_after="60"), error(429, retry_after="40"))
    failure = await failure_of(gateway.stub.Generate(ask()))
    assert failure.code is grpc.StatusCode.RESOURCE_EXHAUSTED
    assert failure.retry_delay == pytest.approx(40, abs=1)
    assert [attempt.key for attempt in failure.details.attempts] == ["openai-1", "openai-2"]


async def test_a_refused_key_is_left_alone_and_the_next_one_used(
    start: Start, upstream: Upstream
) -> None:
    gateway = await start(providers__openai__api_keys=["sk-bad-0000", "sk-good-0000"])

    async def by_key(exchange: Exchange) -> None:
        bad = exchange.headers["authorization"] == "Bearer sk-bad-0000"
        await (error(401) if bad else good)(exchange)

    upstream.script(by_key)
    first = await gateway.stub.Generate(ask())
    second = await gateway.stub.Generate(ask())
    assert [attempt.key for attempt in first.attempts] == ["openai-1", "openai-2"]
    assert [attempt.key for attempt in second.attempts] == ["openai-2"]


async def test_a_key_forbidden_for_one_model_serves_the_others(
    gateway: Gateway, upstream: Upstream
) -> None:
    async def by_model(exchange: Exchange) -> None:
        await (error(403) if exchange.json["model"] == "gpt-4o" else good)(exchange)

    upstream.script(by_model)
    failure = await failure_of(gateway.stub.Generate(ask(model="gpt-4o")))
    assert failure.reason == "PROVIDER_AUTHENTICATION"
    assert (await gateway.stub.Generate(ask())).content == "Hello"
    again = await failure_of(gateway.stub.Generate(ask(model="gpt-4o")))
    assert again.reason == "PROVIDER_AUTHENTICATION"
    assert len(upstream.exchanges) == 2


async def test_keys_are_taken_in_turn(start: Start, upstream: Upstream) -> None:
    gateway = await start(providers__openai__api_keys=["sk-first-000", "sk-second-000"])
    upstream.script(good)
    keys = [(await gateway.stub.Generate(ask())).attempts[0].key for _ in range(3)]
    assert keys == ["openai-1", "openai-2", "openai-1"]


async def test_callers_wait_for_a_key_that_is_back_soon(start: Start, upstream: Upstream) -> None:
    gateway = await start()
    limited = asyncio.Event()

    async def once(exchange: Exchange) -> None:
        if limited.is_set():
            await good(exchange)
        else:
            limited.set()
            await error(429, retry_after="0.3")(exchange)

    upstream.script(once)
    first = asyncio.ensure_future(gateway.stub.Generate(ask(), timeout=20))
    await limited.wait()
    others = [gateway.stub.Generate(ask(), timeout=20) for _ in range(20)]
    answers = await asyncio.gather(first, *others)
    assert {answer.content for answer in answers} == {"Hello"}
    assert len(upstream.exchanges) == 22


async def test_a_provider_that_forbids_another_try_is_obeyed(
    gateway: Gateway, upstream: Upstream
) -> None:
    upstream.script(error(429, x_should_retry="false"), good)
    failure = await failure_of(gateway.stub.Generate(ask()))
    assert failure.reason == "PROVIDER_RATE_LIMITED"
    assert len(upstream.exchanges) == 1
