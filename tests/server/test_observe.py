"""What the line of a call tells when the call does not end as usual."""

from __future__ import annotations

import asyncio
import logging
from types import SimpleNamespace
from typing import Any

import grpc
import pytest
from grpc_health.v1 import health_pb2, health_pb2_grpc

from llmrpc_server.interceptors import deadline
from tests.conftest import StartGateway
from tests.running import until
from tests.server.scripted import SCRIPTED
from tests.server.wire import ask, everything, failure, scripted


@pytest.fixture
def lines(caplog: pytest.LogCaptureFixture) -> Any:
    """The fields of every line so far, as a function."""
    caplog.set_level(logging.DEBUG, "llmrpc.access")
    return lambda: [vars(r)["fields"] for r in caplog.records if r.name == "llmrpc.access"]


async def test_a_code_that_a_servicer_aborts_with_is_told(
    gateway: StartGateway, lines: Any
) -> None:
    health: Any = health_pb2_grpc.HealthStub((await gateway()).channel())
    error = await failure(health.Check(health_pb2.HealthCheckRequest(service="nonsense")))
    assert error.code() is grpc.StatusCode.NOT_FOUND
    await until(lines)
    assert [line["status"] for line in lines()] == ["NOT_FOUND"]


@pytest.mark.parametrize("timeout", [0.9, 1.001])
async def test_a_call_that_the_core_cancels_at_its_deadline_is_told_as_late(
    gateway: StartGateway, lines: Any, monkeypatch: pytest.MonkeyPatch, timeout: float
) -> None:
    never = SimpleNamespace(timeout=lambda _: asyncio.timeout(None))
    monkeypatch.setattr(deadline, "asyncio", never)
    stub = (await gateway(providers=SCRIPTED)).stub
    for call in (
        failure(stub.Generate(ask("hang"), timeout=timeout)),
        failure(everything(stub.StreamText(ask("hang-midway"), timeout=timeout))),
    ):
        assert (await call).code() is grpc.StatusCode.DEADLINE_EXCEEDED
    await until(lambda: len(lines()) == 2)
    for line in lines():
        assert (line["status"], line["reason"]) == ("DEADLINE_EXCEEDED", "DEADLINE_EXCEEDED")


async def test_a_call_that_is_cancelled_before_its_deadline_is_told_as_cancelled(
    gateway: StartGateway, lines: Any
) -> None:
    running = await gateway(providers=SCRIPTED)
    call = running.stub.Generate(ask("hang"), timeout=20)
    waiting = asyncio.ensure_future(call.code())
    await until(lambda: scripted(running).running)
    call.cancel()
    await waiting
    await until(lines)
    (line,) = lines()
    assert line["status"] == "CANCELLED"
    assert "reason" not in line


async def test_a_broken_stream_is_told_with_what_it_used(gateway: StartGateway, lines: Any) -> None:
    stub = (await gateway(providers=SCRIPTED)).stub
    await failure(everything(stub.StreamText(ask("broken-midway"))))
    await until(lines)
    (line,) = lines()
    assert (line["prompt_tokens"], line["completion_tokens"]) == (0, 1)
    assert (line["cost_usd"], line["estimated"]) == (0.001, True)
