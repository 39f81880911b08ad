"""A bound on calls that still answers probes, and a bound on their time."""

from __future__ import annotations

import asyncio
import time

import grpc
import pytest
from google.rpc import error_details_pb2
from grpc_health.v1 import health_pb2, health_pb2_grpc

from tests.conftest import StartGateway
from tests.running import until
from tests.server.scripted import SCRIPTED
from tests.server.wire import ask, detail, everything, failure, reason, scripted, trailer


async def test_over_the_bound_callers_are_sent_away_and_probes_answered(
    gateway: StartGateway,
) -> None:
    running = await gateway(providers=SCRIPTED, listen={"max_calls": 1})
    stub = running.stub
    first = stub.StreamText(ask("hang-midway"))
    reading = asyncio.ensure_future(everything(first))
    await until(lambda: scripted(running).running)
    error = await failure(stub.Generate(ask("say")))
    assert error.code() is grpc.StatusCode.UNAVAILABLE
    assert reason(error) == "GATEWAY_OVERLOADED"
    assert trailer(error, "grpc-retry-pushback-ms") == "1000"
    assert detail(error, error_details_pb2.RetryInfo).retry_delay.seconds == 1
    health = health_pb2_grpc.HealthStub(running.channel())
    answer = await health.Check(health_pb2.HealthCheckRequest())  # type: ignore[attr-defined]  # the stubs lack it
    assert answer.status == health_pb2.HealthCheckResponse.SERVING
    first.cancel()
    with pytest.raises(asyncio.CancelledError):
        await reading
    await until(lambda: not scripted(running).running)
    assert (await stub.Generate(ask("say"))).content == "answer"


async def test_the_callers_deadline_reaches_the_provider(gateway: StartGateway) -> None:
    running = await gateway(providers=SCRIPTED)
    started = time.monotonic()
    error = await failure(running.stub.Generate(ask("hang"), timeout=0.2))
    assert error.code() is grpc.StatusCode.DEADLINE_EXCEEDED
    await until(lambda: not scripted(running).running)
    assert time.monotonic() - started < 5


async def test_a_call_without_a_deadline_gets_the_configured_one(gateway: StartGateway) -> None:
    running = await gateway(providers=SCRIPTED, timeout=0.2, retry={"min_remaining": 0.01})
    error = await failure(running.stub.Generate(ask("hang")))
    assert error.code() is grpc.StatusCode.DEADLINE_EXCEEDED
    assert reason(error) == "DEADLINE_EXCEEDED"
    assert "0.2 s" in str(error.details())


async def test_a_stream_without_a_deadline_may_be_long(gateway: StartGateway) -> None:
    running = await gateway(providers=SCRIPTED, timeout=0.1)
    events = await everything(running.stub.StreamText(ask("tick-20")))
    assert events[-1].HasField("completed")


async def test_a_streams_own_deadline_ends_it(gateway: StartGateway) -> None:
    running = await gateway(providers=SCRIPTED)
    error = await failure(everything(running.stub.StreamText(ask("hang-midway"), timeout=0.2)))
    assert error.code() is grpc.StatusCode.DEADLINE_EXCEEDED
    await until(lambda: not scripted(running).running)
