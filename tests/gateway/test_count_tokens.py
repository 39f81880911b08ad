"""CountTokens by the provider: its endpoint, its failures, and how a call of it ends."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import grpc
import pytest
from grpc_health.v1 import health_pb2

from llmrpc import v1 as pb
from llmrpc_server.policies.health import FAILURES
from llmrpc_server.providers import registry
from llmrpc_server.providers.dialect import CountsTokens, Defaults, Encoded
from llmrpc_server.providers.failures import unreadable
from llmrpc_server.providers.openai import OpenAIDialect
from tests.gateway.conftest import FAST, KEY, Gateway, Start, ask
from tests.gateway.counts import ESTIMATE, count, refusal
from tests.gateway.failures import failure_of
from tests.gateway.handlers import body, breaks, error, good
from tests.running import LIMIT, until
from tests.upstream import Exchange, Upstream

UP = health_pb2.HealthCheckResponse.SERVING
DOWN = health_pb2.HealthCheckResponse.NOT_SERVING
PROVIDER = pb.CountTokensResponse.METHOD_PROVIDER


class Counting(OpenAIDialect, CountsTokens):
    """Chat Completions, with an endpoint that counts."""

    def encode_count(self, request: pb.GenerateRequest, model: str) -> Encoded:
        return Encoded("/count", self.encode(request, model, Defaults(), stream=False).body)

    def decode_count(self, body: bytes) -> int:
        try:
            return int(json.loads(body)["count"])
        except (ValueError, LookupError, TypeError) as error:
            raise unreadable(self.row.name, "sent no count") from error


@pytest.fixture
async def counting(start: Start, upstream: Upstream, monkeypatch: pytest.MonkeyPatch) -> Gateway:
    """A gateway whose default provider counts by itself."""
    monkeypatch.setitem(registry.DIALECTS, "counting", Counting)
    own = {"dialect": "counting", "base_url": upstream.url, "api_keys": [KEY]}
    return await start(providers__own=own, default_model="own/m-1", retry=FAST)


async def counted(exchange: Exchange) -> None:
    await exchange.answer(200, {"count": 42})


async def test_the_provider_counts_where_it_can(counting: Gateway, upstream: Upstream) -> None:
    upstream.script(counted)
    assert await count(counting, ask()) == pb.CountTokensResponse(
        prompt_tokens=42, method=PROVIDER, provider="own", model="m-1"
    )
    (exchange,) = upstream.exchanges
    assert exchange.path == "/v1/count"
    assert exchange.headers["authorization"] == f"Bearer {KEY}"


async def test_gemini_counts_by_its_own_protocol(start: Start, upstream: Upstream) -> None:
    google = {"base_url": upstream.url, "api_keys": [KEY]}
    gateway = await start(providers__google=google)

    async def answer(exchange: Exchange) -> None:
        await exchange.answer(200, {"totalTokens": 31})

    upstream.script(answer)
    assert await count(gateway, ask(model="google/gemini-3-pro")) == pb.CountTokensResponse(
        prompt_tokens=31, method=PROVIDER, provider="google", model="gemini-3-pro"
    )
    assert upstream.exchanges[0].path.endswith("/models/gemini-3-pro:countTokens")


async def test_openai_counts_for_models_that_responses_serves(
    gateway: Gateway, upstream: Upstream
) -> None:
    async def answer(exchange: Exchange) -> None:
        await exchange.answer(200, {"object": "response.input_tokens", "input_tokens": 12})

    upstream.script(answer)
    assert await count(gateway, ask(model="openai/gpt-6-luna")) == pb.CountTokensResponse(
        prompt_tokens=12, method=PROVIDER, provider="openai", model="gpt-6-luna"
    )
    assert upstream.exchanges[0].path == "/v1/responses/input_tokens"
    assert (await count(gateway, ask(model="openai/gpt-4.1"))).method != PROVIDER
    assert len(upstream.exchanges) == 1


async def test_a_count_is_tried_again_and_its_attempts_told(
    counting: Gateway, upstream: Upstream, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO", "llmrpc.access")
    upstream.script(error(503), breaks, counted)
    assert (await count(counting, ask())).prompt_tokens == 42
    await until(lambda: caplog.records)
    fields = vars(caplog.records[-1])["fields"]
    assert (fields["method"], fields["attempts"]) == ("llmrpc.v1.LLMService/CountTokens", 3)
    assert (fields["provider"], fields["model"]) == ("own", "m-1")
    assert "cost_usd" not in fields


async def test_no_estimate_stands_in_for_a_provider_that_fails(
    counting: Gateway, upstream: Upstream
) -> None:
    upstream.script(error(503))
    failure = await refusal(counting, ask())
    assert failure.code is grpc.StatusCode.UNAVAILABLE
    assert len(failure.details.attempts) == 4
    assert {attempt.http_status for attempt in failure.details.attempts} == {503}


@pytest.mark.parametrize(
    ("handler", "reason"),
    [
        (error(401), "PROVIDER_AUTHENTICATION"),
        (error(404), "MODEL_NOT_FOUND"),
        (body(b"<html>"), "PROVIDER_RESPONSE_INVALID"),
        (body(b"{}"), "PROVIDER_RESPONSE_INVALID"),
    ],
)
async def test_what_the_endpoint_answers_is_told(
    counting: Gateway, upstream: Upstream, handler: Any, reason: str
) -> None:
    upstream.script(handler)
    assert (await refusal(counting, ask())).reason == reason


async def health(gateway: Gateway, provider: str) -> Any:
    name = health_pb2.HealthCheckRequest(service=f"provider/{provider}")
    servicer: Any = gateway.app.health.servicer
    return (await servicer.Check(name, None)).status


async def becomes(gateway: Gateway, provider: str, status: Any) -> None:
    async with asyncio.timeout(LIMIT):
        while await health(gateway, provider) != status:  # noqa: ASYNC110 - no event tells
            await asyncio.sleep(0.005)


async def test_failed_counts_do_not_put_a_provider_down(
    counting: Gateway, upstream: Upstream
) -> None:
    upstream.script(error(503))
    await refusal(counting, ask())
    for _ in range(FAILURES):
        await failure_of(counting.stub.Generate(ask(model="openai/gpt-4o")))
    await becomes(counting, "openai", DOWN)
    assert await health(counting, "own") == UP


async def test_limited_counts_and_answers_do_not_hold_each_other_up(
    counting: Gateway, upstream: Upstream
) -> None:
    limited = error(429, retry_after="60")
    upstream.script(limited, good, limited)
    assert (await refusal(counting, ask())).reason == "PROVIDER_RATE_LIMITED"
    assert (await counting.stub.Generate(ask())).content == "Hello"
    assert (await failure_of(counting.stub.Generate(ask()))).reason == "PROVIDER_RATE_LIMITED"
    # its own key rests still, and is not asked
    assert (await refusal(counting, ask())).reason == "PROVIDER_RATE_LIMITED"
    assert len(upstream.exchanges) == 3


async def test_a_count_made_here_needs_no_key_that_is_awake(
    start: Start, upstream: Upstream
) -> None:
    gateway = await start()
    upstream.script(error(429, retry_after="60"))
    assert (await failure_of(gateway.stub.Generate(ask()))).reason == "PROVIDER_RATE_LIMITED"
    assert (await count(gateway, ask())).method == ESTIMATE
    assert len(upstream.exchanges) == 1


async def test_a_count_made_here_does_not_bring_a_provider_up(
    gateway: Gateway, upstream: Upstream
) -> None:
    upstream.script(error(503))
    for _ in range(FAILURES):
        await failure_of(gateway.stub.Generate(ask()))
    await becomes(gateway, "openai", DOWN)
    upstream.script(good)
    assert (await count(gateway, ask())).method == ESTIMATE
    assert await health(gateway, "openai") == DOWN
    await gateway.stub.Generate(ask())
    await becomes(gateway, "openai", UP)


@pytest.mark.parametrize("end", ["cancel", "deadline"])
async def test_an_end_closes_the_upstream(counting: Gateway, upstream: Upstream, end: str) -> None:
    async def silent(exchange: Exchange) -> None:
        await exchange.closed.wait()

    upstream.script(silent)
    timeout = 1.5 if end == "deadline" else None
    call = counting.stub.CountTokens(pb.CountTokensRequest(request=ask()), timeout=timeout)
    waiting = asyncio.ensure_future(call.code())
    await until(lambda: upstream.exchanges)
    if end == "cancel":
        call.cancel()
    await asyncio.wait_for(upstream.exchanges[0].closed.wait(), 5)
    wanted = {"cancel": grpc.StatusCode.CANCELLED, "deadline": grpc.StatusCode.DEADLINE_EXCEEDED}
    assert await waiting is wanted[end]


@pytest.mark.parametrize(
    "request_",
    [
        pb.GenerateRequest(),
        ask(temperature=9),
        ask(labels={"a": "b"}),
        ask(model="gpt-9"),
        ask(top_k=3),
        ask(tools=[pb.Tool(function=pb.FunctionTool(name="a", parameters="{"))]),
    ],
    ids=["empty", "range", "unbuilt", "model", "lacked", "schema"],
)
async def test_a_count_refuses_what_a_call_would(
    gateway: Gateway, upstream: Upstream, request_: pb.GenerateRequest
) -> None:
    alone = await failure_of(gateway.stub.Generate(request_))
    failure = await refusal(gateway, request_)
    assert (failure.code, failure.message, failure.metadata) == (
        alone.code,
        alone.message,
        alone.metadata,
    )
    assert not upstream.exchanges
