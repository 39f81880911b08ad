"""Nothing but a status leaves the gateway, whatever was raised inside."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Any

import grpc
import pytest
from google.rpc import error_details_pb2

from llmrpc import v1 as pb
from tests.conftest import StartGateway
from tests.running import until
from tests.server.scripted import SCRIPTED, SECRET
from tests.server.wire import ask, detail, everything, failure, reason, scripted, status, trailer

PUSHBACK = "grpc-retry-pushback-ms"


@pytest.mark.parametrize("model", ["boom", "odd", "stray"])
async def test_the_unforeseen_is_internal_and_tells_nothing(
    gateway: StartGateway, model: str, caplog: pytest.LogCaptureFixture
) -> None:
    stub = (await gateway(providers=SCRIPTED)).stub
    for call in (
        failure(stub.Generate(ask(model), timeout=10)),
        failure(everything(stub.StreamText(ask(model), timeout=10))),
        failure(everything(stub.StreamText(ask(f"{model}-midway"), timeout=10))),
    ):
        error = await call
        assert error.code() is grpc.StatusCode.INTERNAL
        assert reason(error) == "INTERNAL"
        assert SECRET not in str(error) + str(status(error)) + str(error.trailing_metadata())
        request_id = detail(error, pb.ErrorDetails).request_id
        logged = [r for r in caplog.records if request_id in r.getMessage()]
        assert [record.levelno for record in logged] == [logging.ERROR]


async def test_a_typed_error_leaves_with_its_details(gateway: StartGateway) -> None:
    stub = (await gateway(providers=SCRIPTED, retry={"attempts": 1})).stub
    for call in (stub.Generate(ask("down")), everything(stub.StreamText(ask("down")))):
        error = await failure(call)
        assert error.code() is grpc.StatusCode.UNAVAILABLE
        assert error.details() == "scripted is down"
        assert reason(error) == "PROVIDER_UNAVAILABLE"
        assert trailer(error, PUSHBACK) == "-1"
        (attempt,) = detail(error, pb.ErrorDetails).attempts
        assert (attempt.provider, attempt.model) == ("scripted", "down")
        assert attempt.outcome == pb.Attempt.OUTCOME_FAILED


async def test_a_broken_stream_ends_with_its_usage(gateway: StartGateway) -> None:
    stub = (await gateway(providers=SCRIPTED)).stub
    error = await failure(everything(stub.StreamText(ask("broken-midway"))))
    assert error.code() is grpc.StatusCode.UNAVAILABLE
    assert reason(error) == "STREAM_INTERRUPTED"
    assert trailer(error, PUSHBACK) == "-1"
    assert detail(error, pb.ErrorDetails).usage.output_tokens == 1


async def test_a_stream_that_just_ends_is_no_good_stream(gateway: StartGateway) -> None:
    stub = (await gateway(providers=SCRIPTED)).stub
    error = await failure(everything(stub.StreamText(ask("silent-midway"))))
    assert reason(error) == "STREAM_INTERRUPTED"


async def test_retries_are_in_the_answers_attempts(gateway: StartGateway) -> None:
    running = await gateway(providers=SCRIPTED, retry={"attempts": 3, "base_delay": 0.001})
    error = await failure(running.stub.Generate(ask("down")))
    assert len(detail(error, pb.ErrorDetails).attempts) == 3


async def test_a_callers_cancellation_reaches_the_provider(gateway: StartGateway) -> None:
    running = await gateway(providers=SCRIPTED)
    provider = scripted(running)
    calls: list[Callable[[], Any]] = [
        lambda: running.stub.Generate(ask("hang")),
        lambda: running.stub.StreamText(ask("hang-midway")),
    ]
    for start in calls:
        call = start()
        await until(lambda: provider.running)
        call.cancel()
        await until(lambda: not provider.running)


async def test_a_key_that_a_provider_repeats_is_masked(gateway: StartGateway) -> None:
    key = "sk-canary-provider-key"
    running = await gateway(
        providers={"scripted": SCRIPTED["scripted"] | {"api_keys": [key]}},
        retry={"attempts": 2, "base_delay": 0.001},
    )
    for call in (
        running.stub.Generate(ask(f"echo-{key}")),
        everything(running.stub.StreamText(ask(f"echo-{key}"))),
    ):
        sent = status(await failure(call))
        assert sent.message == "bad key [redacted]"
        own = detail(sent, pb.ErrorDetails)
        assert [attempt.message for attempt in own.attempts] == ["bad key [redacted]"] * 2
        info = detail(sent, error_details_pb2.ErrorInfo)
        assert info.metadata["provider_code"] == "[redacted]"
