"""What goes over the connection to a provider, and how that connection is kept."""

from __future__ import annotations

import asyncio

import grpc
import pytest

from llmrpc import accumulate
from llmrpc import v1 as pb
from tests.gateway.conftest import Gateway, Start, ask
from tests.gateway.failures import failure_of
from tests.upstream import DONE, Exchange, Handler, Upstream, chat_answer, chat_event, chat_finish

MiB = 1024 * 1024
ENDLESS = 64 * MiB
"""Where a body that is meant to have no end gives up, so that a failing test does."""


def answers(**headers: str) -> Handler:
    async def handle(exchange: Exchange) -> None:
        await exchange.answer(200, chat_answer("Hello"), **headers)

    return handle


def fails(status: int, **headers: str) -> Handler:
    async def handle(exchange: Exchange) -> None:
        await exchange.answer(status, {"error": {"message": "no"}}, **headers)

    return handle


async def streamed(exchange: Exchange) -> None:
    await exchange.stream([chat_event(content="Hello"), chat_finish(), DONE])


async def test_cookies_of_a_provider_are_not_sent_back(start: Start, upstream: Upstream) -> None:
    # by its name, since cookies of a bare address are ignored anyway
    url = upstream.url.replace("127.0.0.1", "localhost")
    gateway = await start(providers__openai__base_url=url)
    upstream.script(answers(set_cookie="session=private; Path=/"))
    await gateway.stub.Generate(ask())
    await gateway.stub.Generate(ask())
    assert len(upstream.exchanges) == 2
    assert "cookie" not in upstream.exchanges[1].headers


async def test_a_unary_request_is_json_and_asks_for_no_stream(
    gateway: Gateway, upstream: Upstream
) -> None:
    upstream.script(answers())
    await gateway.stub.Generate(ask())
    [exchange] = upstream.exchanges
    assert exchange.headers["content-type"] == "application/json"
    assert not {"stream", "stream_options"} & set(exchange.json)


async def test_a_stream_is_asked_for_with_its_usage(gateway: Gateway, upstream: Upstream) -> None:
    upstream.script(streamed)
    await accumulate(gateway.stub.StreamText(ask()))
    [exchange] = upstream.exchanges
    assert exchange.headers["content-type"] == "application/json"
    assert exchange.json["stream"] is True
    assert exchange.json["stream_options"] == {"include_usage": True}


async def test_usage_without_counts_is_estimated(gateway: Gateway, upstream: Upstream) -> None:
    async def silent(exchange: Exchange) -> None:
        await exchange.answer(200, chat_answer("four") | {"usage": {}})

    upstream.script(silent)
    response = await gateway.stub.Generate(ask())
    assert response.usage.estimated
    assert response.completion_tokens == 1


@pytest.mark.parametrize("header", ["x_request_id", "request_id"])
@pytest.mark.parametrize("status", [403, 500])
async def test_the_providers_name_for_each_request_lands_in_its_attempt(
    start: Start, upstream: Upstream, header: str, status: int
) -> None:
    keys = ["sk-first-000", "sk-second-000"]
    gateway = await start(providers__openai__api_keys=keys)
    upstream.script(fails(status, **{header: "req_1"}), answers(**{header: "req_2"}))
    response = await gateway.stub.Generate(ask())
    assert [(each.outcome, each.provider_request_id) for each in response.attempts] == [
        (pb.Attempt.OUTCOME_FAILED, "req_1"),
        (pb.Attempt.OUTCOME_SUCCEEDED, "req_2"),
    ]


async def test_the_providers_name_for_a_request_is_bounded(
    start: Start, upstream: Upstream
) -> None:
    gateway = await start(retry={"attempts": 1})
    upstream.script(fails(500, x_request_id="r" * 5000))
    failure = await failure_of(gateway.stub.Generate(ask()))
    [attempt] = failure.details.attempts
    assert attempt.provider_request_id == "r" * 200


async def test_a_request_that_is_refused_for_its_content_leaves_the_key_to_others(
    gateway: Gateway, upstream: Upstream
) -> None:
    async def moderated(exchange: Exchange) -> None:
        metadata = {"reasons": ["violence"], "flagged_input": "…", "provider_name": "P"}
        error = {"code": 403, "message": "flagged", "metadata": metadata}
        await exchange.answer(403, {"error": error})

    upstream.script(moderated, answers())
    failure = await failure_of(gateway.stub.Generate(ask()))
    assert (failure.code, failure.reason) == (
        grpc.StatusCode.INVALID_ARGUMENT,
        "PROVIDER_REJECTED_REQUEST",
    )
    assert (await gateway.stub.Generate(ask())).content == "Hello"


async def head(exchange: Exchange, status: int) -> None:
    await exchange.send(f"HTTP/1.1 {status} Status\r\ntransfer-encoding: chunked\r\n\r\n".encode())


@pytest.mark.parametrize("method", ["Generate", "StreamText"])
async def test_an_error_without_end_is_read_only_so_far(
    start: Start, upstream: Upstream, method: str
) -> None:
    gateway = await start(retry={"attempts": 1})
    sent = 0

    async def endless(exchange: Exchange) -> None:
        nonlocal sent
        await head(exchange, 400)
        while sent < ENDLESS and not exchange.closed.is_set():
            await exchange.chunk(b"x" * 65_536)
            sent += 65_536

    upstream.script(endless)
    failure = await failure_of(getattr(gateway.stub, method)(ask()))
    assert failure.reason == "PROVIDER_REJECTED_REQUEST"
    await asyncio.wait_for(upstream.exchanges[0].closed.wait(), 5)
    assert sent < ENDLESS


@pytest.mark.parametrize("method", ["Generate", "StreamText"])
async def test_an_error_that_falls_silent_ends_with_the_stall_timer(
    start: Start, upstream: Upstream, method: str
) -> None:
    gateway = await start(timeout=1.0, retry={"attempts": 1})

    async def silent(exchange: Exchange) -> None:
        await head(exchange, 400)
        await exchange.chunk(b"{")
        await exchange.closed.wait()

    upstream.script(silent)
    deadline = 20 if method == "StreamText" else None
    failure = await failure_of(getattr(gateway.stub, method)(ask(), timeout=deadline))
    assert failure.code is grpc.StatusCode.DEADLINE_EXCEEDED
    await asyncio.wait_for(upstream.exchanges[0].closed.wait(), 5)


async def test_the_connection_of_a_unary_call_is_used_again(
    gateway: Gateway, upstream: Upstream
) -> None:
    upstream.script(answers())
    for _ in range(3):
        await gateway.stub.Generate(ask())
    assert (len(upstream.exchanges), upstream.connections) == (3, 1)


async def test_the_connection_of_a_body_too_large_is_closed_and_not_used_again(
    start: Start, upstream: Upstream
) -> None:
    gateway = await start(http={"max_body_bytes": 100_000}, retry={"attempts": 1})
    sent = 0

    async def giant(exchange: Exchange) -> None:
        nonlocal sent
        await head(exchange, 200)
        while sent < ENDLESS and not exchange.closed.is_set():
            await exchange.chunk(b" " * 65_536)
            sent += 65_536

    upstream.script(giant, answers())
    failure = await failure_of(gateway.stub.Generate(ask()))
    assert failure.reason == "PROVIDER_RESPONSE_INVALID"
    await asyncio.wait_for(upstream.exchanges[0].closed.wait(), 5)
    assert sent < ENDLESS
    assert (await gateway.stub.Generate(ask())).content == "Hello"
    assert upstream.connections == 2
