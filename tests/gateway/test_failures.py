"""What a provider's failures become, before the first delta."""

from __future__ import annotations

import asyncio
import gzip
from typing import Any

import grpc
import pytest

from llmrpc import v1 as pb
from tests.gateway.conftest import KEY, Gateway, Start, ask
from tests.gateway.failures import failure_of
from tests.gateway.handlers import body, breaks, ends_early, error, good
from tests.upstream import (
    Exchange,
    Handler,
    Upstream,
)

METHODS = pytest.mark.parametrize("method", ["Generate", "StreamText"])


@METHODS
@pytest.mark.parametrize(
    ("handler", "code", "reason"),
    [
        (error(401), grpc.StatusCode.FAILED_PRECONDITION, "PROVIDER_AUTHENTICATION"),
        (error(403), grpc.StatusCode.FAILED_PRECONDITION, "PROVIDER_AUTHENTICATION"),
        (error(404), grpc.StatusCode.NOT_FOUND, "MODEL_NOT_FOUND"),
        (
            error(400, "context_length_exceeded"),
            grpc.StatusCode.INVALID_ARGUMENT,
            "CONTEXT_WINDOW_EXCEEDED",
        ),
        (error(413), grpc.StatusCode.INVALID_ARGUMENT, "CONTEXT_WINDOW_EXCEEDED"),
        (error(400), grpc.StatusCode.INVALID_ARGUMENT, "PROVIDER_REJECTED_REQUEST"),
        (
            error(429, "insufficient_quota"),
            grpc.StatusCode.RESOURCE_EXHAUSTED,
            "PROVIDER_QUOTA_EXHAUSTED",
        ),
        (
            error(503, x_should_retry="false"),
            grpc.StatusCode.UNAVAILABLE,
            "PROVIDER_UNAVAILABLE",
        ),
        (
            error(302, location="http://127.0.0.1:1/"),
            grpc.StatusCode.UNAVAILABLE,
            "PROVIDER_RESPONSE_INVALID",
        ),
    ],
)
async def test_the_table(
    gateway: Gateway,
    upstream: Upstream,
    method: str,
    handler: Handler,
    code: grpc.StatusCode,
    reason: str,
) -> None:
    upstream.script(handler)
    failure = await failure_of(getattr(gateway.stub, method)(ask()))
    assert (failure.code, failure.reason) == (code, reason)
    assert failure.details.request_id == failure.trailers["x-request-id"]
    assert failure.details.attempts[0].provider == "openai"


@pytest.mark.parametrize(
    ("code", "said"),
    [
        (None, "openai does not have the model, or has nothing at this address: no"),
        ("model_not_found", "openai does not have the model: no"),
    ],
)
async def test_a_404_is_of_the_address_too_unless_it_says_more(
    gateway: Gateway, upstream: Upstream, code: str | None, said: str
) -> None:
    upstream.script(error(404, code))
    assert (await failure_of(gateway.stub.Generate(ask()))).message.startswith(said)


@METHODS
@pytest.mark.parametrize("handler", [error(408), error(409), error(500), error(503), breaks])
async def test_passing_failures_are_tried_again(
    gateway: Gateway, upstream: Upstream, method: str, handler: Handler
) -> None:
    upstream.script(handler, handler, good)
    call = getattr(gateway.stub, method)(ask())
    response = await call if method == "Generate" else (await last(call)).completed
    assert response.content == "Hello"
    assert [attempt.outcome for attempt in response.attempts] == [
        pb.Attempt.OUTCOME_FAILED,
        pb.Attempt.OUTCOME_FAILED,
        pb.Attempt.OUTCOME_SUCCEEDED,
    ]


async def last(call: Any) -> pb.StreamEvent:
    events: list[pb.StreamEvent] = [event async for event in call]
    return events[-1]


async def test_spent_attempts_forbid_the_client_to_retry(start: Start, upstream: Upstream) -> None:
    gateway = await start(retry__attempts=3)
    upstream.script(error(503))
    failure = await failure_of(gateway.stub.Generate(ask()))
    assert failure.code is grpc.StatusCode.UNAVAILABLE
    assert failure.pushback == "-1"
    assert len(failure.details.attempts) == 3
    assert {attempt.http_status for attempt in failure.details.attempts} == {503}


@pytest.mark.parametrize("headers", [{"retry_after_ms": "200"}, {"retry_after": "0.2"}])
async def test_the_providers_wait_is_obeyed(
    gateway: Gateway, upstream: Upstream, headers: dict[str, str]
) -> None:
    times: list[float] = []

    def timed(handler: Handler) -> Handler:
        async def handle(exchange: Exchange) -> None:
            times.append(asyncio.get_running_loop().time())
            await handler(exchange)

        return handle

    upstream.script(timed(error(503, **headers)), timed(good))
    await gateway.stub.Generate(ask())
    assert times[1] - times[0] >= 0.2


async def test_no_attempt_starts_that_cannot_end_in_time(start: Start, upstream: Upstream) -> None:
    gateway = await start(retry={"base_delay": 5.0})
    upstream.script(error(503))
    failure = await failure_of(gateway.stub.Generate(ask(), timeout=2))
    assert failure.code is grpc.StatusCode.UNAVAILABLE
    assert len(upstream.exchanges) == 1


@pytest.mark.parametrize(
    "handler",
    [
        body(b"<html>maintenance</html>", content_type="text/html"),
        body(b'{"choices": [{"mess'),
        body(b"x" * 200_000),
        body(gzip.compress(b" " * 20_000_000), content_encoding="gzip"),
    ],
    ids=["html", "cut short", "giant", "compression bomb"],
)
async def test_nonsense_is_unavailable_and_bounded(
    start: Start, upstream: Upstream, handler: Handler
) -> None:
    gateway = await start(http={"max_body_bytes": 100_000}, retry={"attempts": 1})
    upstream.script(handler)
    failure = await failure_of(gateway.stub.Generate(ask()))
    assert (failure.code, failure.reason) == (
        grpc.StatusCode.UNAVAILABLE,
        "PROVIDER_RESPONSE_INVALID",
    )


async def test_the_bound_of_a_body_is_named(start: Start, upstream: Upstream) -> None:
    gateway = await start(http={"max_body_bytes": 100_000}, retry={"attempts": 1})
    upstream.script(body(gzip.compress(b" " * 20_000_000), content_encoding="gzip"))
    failure = await failure_of(gateway.stub.Generate(ask()))
    assert "more than 100000 bytes" in failure.message


async def test_a_key_in_a_providers_message_is_masked(gateway: Gateway, upstream: Upstream) -> None:
    upstream.script(error(503, message=f"bad day for {KEY}"), good)
    response = await gateway.stub.Generate(ask())
    assert response.attempts[0].http_status == 503
    assert KEY not in str(response)
    upstream.script(error(400, message=f"bad field near {KEY}"))
    failure = await failure_of(gateway.stub.Generate(ask()))
    assert "bad field near [redacted]" in failure.message
    assert KEY not in str(failure)


async def test_an_unreachable_provider_is_named(start: Start, closed_port: int) -> None:
    url = f"http://127.0.0.1:{closed_port}/v1"
    gateway = await start(providers__openai__base_url=url, retry={"attempts": 1})
    failure = await failure_of(gateway.stub.Generate(ask()))
    assert failure.reason == "PROVIDER_UNAVAILABLE"
    assert "openai at 127.0.0.1" in failure.message


async def test_a_redirect_is_not_followed(start: Start, upstream: Upstream) -> None:
    gateway = await start(retry={"attempts": 1})
    upstream.script(error(307, location=f"{upstream.url}/chat/completions"), good)
    failure = await failure_of(gateway.stub.Generate(ask()))
    assert "redirects" in failure.message
    assert len(upstream.exchanges) == 1


async def test_a_stream_that_ends_before_its_first_delta_is_tried_again(
    gateway: Gateway, upstream: Upstream
) -> None:
    upstream.script(ends_early, good)
    completed = (await last(gateway.stub.StreamText(ask()))).completed
    assert completed.content == "Hello"
    assert completed.attempts[0].reason == pb.ERROR_REASON_PROVIDER_RESPONSE_INVALID


@METHODS
async def test_silence_ends_with_the_stall_timer(
    start: Start, upstream: Upstream, method: str
) -> None:
    gateway = await start(timeout=1.0)

    async def silent(exchange: Exchange) -> None:
        await exchange.closed.wait()

    upstream.script(silent)
    deadline = 20 if method == "StreamText" else None
    failure = await failure_of(getattr(gateway.stub, method)(ask(), timeout=deadline))
    assert failure.code is grpc.StatusCode.DEADLINE_EXCEEDED
    (attempt,) = failure.details.attempts
    assert pb.ErrorReason.Name(attempt.reason) == f"ERROR_REASON_{failure.reason}"
    await asyncio.wait_for(upstream.exchanges[0].closed.wait(), 5)
    assert len(upstream.exchanges) == 1, "another try would double the caller's wait"
