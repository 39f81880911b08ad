"""What a good call gives, through the gateway and a scripted provider."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import pytest

from llmrpc import accumulate
from llmrpc import v1 as pb
from tests.gateway.conftest import KEY, Gateway, Start, ask
from tests.running import until
from tests.upstream import (
    DONE,
    Exchange,
    Upstream,
    chat_answer,
    chat_event,
    chat_finish,
    chat_usage,
)


async def whole(exchange: Exchange) -> None:
    await exchange.answer(200, chat_answer("Hello there"))


async def streamed(exchange: Exchange) -> None:
    events = [chat_event(role="assistant", content="Hello"), chat_event(content=" there")]
    await exchange.stream([*events, chat_finish(), chat_usage(), DONE])


async def test_generate_gives_content_usage_cost_and_attempts(
    gateway: Gateway, upstream: Upstream
) -> None:
    upstream.script(whole)
    response = await gateway.stub.Generate(ask())
    assert response.content == "Hello there"
    assert response.message == pb.LLMMessage(
        role=pb.ROLE_ASSISTANT, parts=[pb.Part(text="Hello there")]
    )
    assert (response.provider, response.model) == ("openai", "gpt-4o-mini")
    assert (response.prompt_tokens, response.completion_tokens, response.tokens_used) == (5, 2, 7)
    assert response.finish_reason == pb.FINISH_REASON_STOP
    assert response.cost.price_source == "genai-prices"
    # USD 0.15 and 0.60 a million: 5 * 150 + 2 * 600 nano-USD
    assert response.cost.total_nano_usd == 1950
    assert response.cost_estimate == pytest.approx(1.95e-6)
    assert [(a.provider, a.key, a.outcome) for a in response.attempts] == [
        ("openai", "openai-1", pb.Attempt.OUTCOME_SUCCEEDED)
    ]


async def test_the_upstream_request_has_key_default_temperature_and_model(
    gateway: Gateway, upstream: Upstream
) -> None:
    upstream.script(whole)
    await gateway.stub.Generate(ask(model="gpt-4o"))
    exchange = upstream.exchanges[0]
    assert exchange.path == "/v1/chat/completions"
    assert exchange.headers["authorization"] == f"Bearer {KEY}"
    assert exchange.json["model"] == "gpt-4o"
    assert exchange.json["temperature"] == 0.7


async def test_zero_is_sent_and_absent_is_not(start: Start, upstream: Upstream) -> None:
    gateway = await start(temperature=None)
    upstream.script(whole)
    await gateway.stub.Generate(ask())
    await gateway.stub.Generate(ask(temperature=0, presence_penalty=0, seed=0))
    absent, zero = (exchange.json for exchange in upstream.exchanges)
    assert not {"temperature", "presence_penalty", "seed"} & set(absent)
    assert (zero["temperature"], zero["presence_penalty"], zero["seed"]) == (0, 0, 0)


async def test_accumulated_stream_equals_the_unary_answer(
    gateway: Gateway, upstream: Upstream
) -> None:
    upstream.script(whole, streamed)
    unary = await gateway.stub.Generate(ask())
    streaming = await accumulate(gateway.stub.StreamText(ask()))
    assert comparable(streaming) == comparable(unary)


def comparable(response: pb.LLMResponse) -> pb.LLMResponse:
    """The response without what differs between two calls: times and identifiers."""
    copy = pb.LLMResponse()
    copy.CopyFrom(response)
    copy.ClearField("response_time")
    copy.ClearField("request_id")
    copy.ClearField("provider_response_id")
    for attempt in copy.attempts:
        attempt.ClearField("duration")
        attempt.ClearField("provider_request_id")
    return copy


async def test_events_are_numbered_and_only_the_last_is_completed(
    gateway: Gateway, upstream: Upstream
) -> None:
    upstream.script(streamed)
    events = [event async for event in gateway.stub.StreamText(ask())]
    assert [event.sequence for event in events] == list(range(1, len(events) + 1))
    assert [event.HasField("started") for event in events] == [True] + [False] * (len(events) - 1)
    assert [event.HasField("completed") for event in events].index(True) == len(events) - 1
    assert events[0].started.request_id == events[-1].completed.request_id


async def test_one_read_is_one_message(gateway: Gateway, upstream: Upstream) -> None:
    async def burst(exchange: Exchange) -> None:
        events = [chat_event(content=f"t{i} ") for i in range(100)]
        await exchange.start_stream()
        await exchange.chunk("".join([*events, chat_finish(), chat_usage(), DONE]))
        await exchange.end_stream()

    upstream.script(burst)
    events = [event async for event in gateway.stub.StreamText(ask())]
    assert len(events) == 1
    assert events[0].completed.content == "".join(f"t{i} " for i in range(100))
    assert len(events[0].deltas) == 1


async def test_nothing_is_sent_before_the_first_delta(gateway: Gateway, upstream: Upstream) -> None:
    async def role_first(exchange: Exchange) -> None:
        await exchange.stream([chat_event(role="assistant", content=""), chat_event(content="x")])

    upstream.script(role_first)
    call = gateway.stub.StreamText(ask())
    first = await call.read()
    assert first.HasField("started")
    assert first.deltas[0].text == "x"
    assert not await call.initial_metadata()
    call.cancel()


async def test_reasoning_models_get_no_default_temperature(
    start: Start, upstream: Upstream
) -> None:
    gateway = await start(providers__openai__dialects={"": "openai"})
    upstream.script(whole)
    response = await gateway.stub.Generate(ask(model="openai/o3"))
    assert "temperature" not in upstream.exchanges[0].json
    assert not response.warnings


async def test_trace_headers_go_upstream_and_no_other_metadata_does(
    gateway: Gateway, upstream: Upstream
) -> None:
    upstream.script(whole)
    traceparent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
    metadata = (("traceparent", traceparent), ("x-secret", "private"), ("cookie", "a=b"))
    await gateway.stub.Generate(ask(), metadata=metadata)
    headers = upstream.exchanges[0].headers
    assert headers["traceparent"] == traceparent
    assert not {"x-secret", "cookie"} & set(headers)
    assert "private" not in json.dumps(headers)


async def test_connections_are_used_again(gateway: Gateway, upstream: Upstream) -> None:
    upstream.script(whole, streamed, whole)
    await gateway.stub.Generate(ask())
    await accumulate(gateway.stub.StreamText(ask()))
    await gateway.stub.Generate(ask())
    assert upstream.connections == 1


async def test_a_missing_usage_is_estimated_and_said_so(
    gateway: Gateway, upstream: Upstream
) -> None:
    async def silent(exchange: Exchange) -> None:
        answer: dict[str, Any] = chat_answer("four")
        del answer["usage"]
        await exchange.answer(200, answer)

    upstream.script(silent)
    response = await gateway.stub.Generate(ask())
    assert response.usage.estimated
    assert response.cost.estimated
    assert response.completion_tokens == 1


async def test_a_connection_is_used_again_when_its_end_comes_after_done(
    gateway: Gateway, upstream: Upstream
) -> None:
    ended = asyncio.Event()

    async def late_end(exchange: Exchange) -> None:
        await exchange.start_stream()
        await exchange.chunk(chat_event(content="Hello") + chat_finish() + DONE)
        await exchange.seen.wait()
        await exchange.end_stream()
        ended.set()

    upstream.script(late_end, whole)
    await accumulate(gateway.stub.StreamText(ask()))
    upstream.exchanges[0].seen.set()
    await until(lambda: ended.is_set() and not gateway.app._upstream._drains)
    await gateway.stub.Generate(ask())
    assert upstream.connections == 1
