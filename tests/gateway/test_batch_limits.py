"""A batch at a provider that limits: it slows down, waits, and loses no item."""

from __future__ import annotations

import asyncio

import grpc
import pytest

from llmrpc import v1 as pb
from tests.gateway.batches import contents, item, run
from tests.gateway.conftest import FAST, Start, ask
from tests.gateway.failures import failure_of
from tests.gateway.handlers import error, good
from tests.running import until
from tests.upstream import Exchange, Upstream


class Limited:
    """Serves so many at a time, each for a while, and refuses the others."""

    def __init__(self, most: int, retry_after: str) -> None:
        self.most = most
        self.retry_after = retry_after
        self.running = 0
        self.refused = 0

    async def __call__(self, exchange: Exchange) -> None:
        if self.running >= self.most:
            self.refused += 1
            await error(429, retry_after=self.retry_after)(exchange)
            return
        self.running += 1
        await asyncio.sleep(0.03)
        self.running -= 1
        await good(exchange)


async def test_a_limited_provider_is_not_stormed(start: Start, upstream: Upstream) -> None:
    gateway = await start(retry=FAST)
    provider = Limited(5, "0.1")
    upstream.script(provider)
    results = await run(gateway.stub, [item(n) for n in range(50)], timeout=60)
    assert len(contents(results)) == 50
    assert 0 < provider.refused <= 10
    assert len(upstream.exchanges) == 50 + provider.refused


async def test_two_batches_share_what_a_provider_bears(start: Start, upstream: Upstream) -> None:
    gateway = await start(retry=FAST)
    provider = Limited(3, "0.05")
    upstream.script(provider)
    batches = [run(gateway.stub, [item(n) for n in range(25)], timeout=60) for _ in range(2)]
    for results in await asyncio.gather(*batches):
        assert len(contents(results)) == 25
    assert provider.refused <= 15


async def test_a_wait_too_long_for_a_call_is_waited_by_a_batch(
    start: Start, upstream: Upstream
) -> None:
    gateway = await start(retry=FAST | {"max_retry_after": 0.1})
    upstream.script(error(429, retry_after="0.4"), good)
    (result,) = await run(gateway.stub, [item("a")], timeout=60)
    first, second = result.response.attempts
    assert first.reason == pb.ERROR_REASON_PROVIDER_RATE_LIMITED
    assert second.outcome == pb.Attempt.OUTCOME_SUCCEEDED
    assert 0.4 <= result.response.response_time < 5


async def test_an_overloaded_provider_is_waited_for(start: Start, upstream: Upstream) -> None:
    gateway = await start(retry=FAST | {"attempts": 1})
    overloaded = error(503, code="engine_overloaded", retry_after="0.1")
    upstream.script(overloaded, good)
    assert contents(await run(gateway.stub, [item("a")], timeout=60)) == {"a": "Hello"}


@pytest.mark.parametrize("bound", ["patience", "deadline"])
async def test_a_wait_that_leads_nowhere_is_not_begun(
    start: Start, upstream: Upstream, bound: str
) -> None:
    batch = {"patience": 10.0} if bound == "patience" else {}
    gateway = await start(batch=batch)
    upstream.script(error(429, retry_after="60"))
    timeout = 20 if bound == "deadline" else None
    (result,) = await run(gateway.stub, [item("a")], timeout=timeout)
    alone = await failure_of(gateway.stub.Generate(ask()))
    assert alone.reason == "PROVIDER_RATE_LIMITED"
    assert result.status.code == alone.code.value[0]
    assert len(upstream.exchanges) == 1


async def test_no_try_is_planned_behind_the_deadline_of_the_batch(
    start: Start, upstream: Upstream
) -> None:
    gateway = await start()
    upstream.script(error(503, retry_after="6"))
    (result,) = await run(gateway.stub, [item("a")], timeout=5)
    assert result.status.code == grpc.StatusCode.UNAVAILABLE.value[0]
    assert len(upstream.exchanges) == 1


async def test_a_provider_that_says_no_more_is_obeyed(start: Start, upstream: Upstream) -> None:
    gateway = await start()
    upstream.script(error(429, retry_after="0.1", x_should_retry="false"), good)
    (result,) = await run(gateway.stub, [item("a")])
    assert result.HasField("status")
    assert len(upstream.exchanges) == 1


async def test_cancelling_ends_the_wait(start: Start, upstream: Upstream) -> None:
    gateway = await start(retry=FAST | {"max_retry_after": 0.1})
    limited = error(429, retry_after="2")
    upstream.script(limited, limited, limited, limited, good)
    waiting = gateway.stub.BatchGenerate([item(n) for n in range(8)])
    await until(lambda: len(upstream.exchanges) == 4)
    waiting.cancel()
    assert contents(await run(gateway.stub, [item("b")], timeout=20)) == {"b": "Hello"}
    assert len(upstream.exchanges) == 5
