"""Calls whose deadline leaves no time for an answer: nothing is sent, nothing is paid."""

from __future__ import annotations

import grpc
import pytest

from llmrpc import v1 as pb
from tests.conftest import StartGateway
from tests.gateway.conftest import ask
from tests.gateway.failures import failure_of
from tests.gateway.handlers import good
from tests.hostile.conftest import KEY
from tests.running import RunningGateway
from tests.upstream import Upstream

LEAST = 60.0
"""Seconds that an attempt needs here: more than any call below has, on any machine."""


async def _started(gateway: StartGateway, upstream: Upstream) -> RunningGateway:
    upstream.script(good)
    openai = {"base_url": upstream.url, "api_keys": [KEY]}
    return await gateway(
        providers={"openai": openai},
        default_model="openai/gpt-4o-mini",
        retry={"min_remaining": LEAST},
    )


@pytest.mark.parametrize("method", ["Generate", "StreamText"])
async def test_an_attempt_that_would_start_too_late_is_refused(
    gateway: StartGateway, upstream: Upstream, method: str
) -> None:
    stub = (await _started(gateway, upstream)).stub
    failure = await failure_of(getattr(stub, method)(ask(), timeout=LEAST / 2))
    assert failure.code is grpc.StatusCode.DEADLINE_EXCEEDED
    assert failure.reason == "DEADLINE_EXCEEDED"
    assert "retry.min_remaining" in failure.message
    assert not failure.details.attempts
    assert not upstream.exchanges


async def test_hardly_any_time_at_all(gateway: StartGateway, upstream: Upstream) -> None:
    stub = (await _started(gateway, upstream)).stub
    for seconds in (0.2, 0.05, 0.001):
        with pytest.raises(grpc.aio.AioRpcError) as caught:
            await stub.Generate(ask(), timeout=seconds)
        assert caught.value.code() is grpc.StatusCode.DEADLINE_EXCEEDED
    assert (await stub.Generate(ask(), timeout=2 * LEAST)).content == "Hello"
    assert len(upstream.exchanges) == 1


async def test_a_count_costs_nothing(gateway: StartGateway, upstream: Upstream) -> None:
    stub = (await _started(gateway, upstream)).stub
    counted = await stub.CountTokens(
        pb.CountTokensRequest(request=ask("Hi", model="echo")), timeout=LEAST / 2
    )
    assert counted.prompt_tokens == 1
