"""What a provider's health counts: calls as they end, not the attempts inside them."""

from __future__ import annotations

from typing import Any

from grpc_health.v1 import health_pb2, health_pb2_grpc

from tests.conftest import StartGateway
from tests.gateway.conftest import ask
from tests.gateway.failures import failure_of
from tests.gateway.handlers import error, good
from tests.hostile.conftest import KEY
from tests.running import RunningGateway
from tests.upstream import Exchange, Upstream, chat_event

UP = health_pb2.HealthCheckResponse.SERVING
DOWN = health_pb2.HealthCheckResponse.NOT_SERVING


async def _started(gateway: StartGateway, upstream: Upstream) -> tuple[RunningGateway, Any]:
    """A gateway, and the health of its provider as a function."""
    running = await gateway(
        providers={"openai": {"api_keys": [KEY], "base_url": upstream.url}},
        default_model="openai/gpt-4o-mini",
        retry={"attempts": 4, "base_delay": 0.001, "max_delay": 0.001},
    )
    stub: Any = health_pb2_grpc.HealthStub(running.channel())

    async def health() -> int:
        request = health_pb2.HealthCheckRequest(service="provider/openai")
        return int((await stub.Check(request)).status)

    return running, health


async def test_one_call_with_many_attempts_is_one(
    gateway: StartGateway, upstream: Upstream
) -> None:
    upstream.script(error(503))
    running, health = await _started(gateway, upstream)
    seen = []
    for _ in range(3):
        await failure_of(running.stub.Generate(ask()))
        seen.append(await health())
    assert len(upstream.exchanges) == 12
    assert seen == [UP, UP, DOWN]
    upstream.script(good)
    await running.stub.Generate(ask())
    assert await health() == UP


async def test_a_stream_that_breaks_is_a_failure(gateway: StartGateway, upstream: Upstream) -> None:
    async def breaks(exchange: Exchange) -> None:
        await exchange.start_stream()
        await exchange.chunk(chat_event(content="Hello"))
        exchange.break_off()

    upstream.script(breaks)
    running, health = await _started(gateway, upstream)
    seen = []
    for _ in range(3):
        failure = await failure_of(running.stub.StreamText(ask()))
        assert failure.reason in ("STREAM_INTERRUPTED", "PROVIDER_UNAVAILABLE")
        seen.append(await health())
    assert seen == [UP, UP, DOWN]
    upstream.script(good)
    assert [event async for event in running.stub.StreamText(ask())]
    assert await health() == UP
