"""Google's adapter on a real socket: addresses, headers, and what comes back."""

from __future__ import annotations

import json
from collections.abc import AsyncGenerator, Iterator
from contextlib import aclosing
from typing import Any

import pytest

from llmrpc import accumulate
from llmrpc import v1 as pb
from llmrpc.call import Call
from llmrpc.errors import AuthenticationError
from llmrpc_server.providers.clients import GoogleAIClient
from llmrpc_server.providers.exchange import Exchange as Exchanged
from llmrpc_server.providers.provider import KEPT_URLS
from tests.gateway.test_answers import comparable
from tests.upstream import Exchange, Upstream, running_upstream

KEY = "AIza-canary-0000"


@pytest.fixture
async def upstream() -> AsyncGenerator[Upstream, None]:
    async with running_upstream() as running:
        yield running


def chunks() -> Iterator[dict[str, Any]]:
    parts: list[dict[str, Any]] = [
        {"text": "Hm.", "thought": True},
        {"text": "Hello there", "thoughtSignature": "c2ln"},
    ]
    used = {"promptTokenCount": 1000, "candidatesTokenCount": 200, "thoughtsTokenCount": 300}
    for part in parts:
        yield {
            "candidates": [{"content": {"parts": [part], "role": "model"}, "index": 0}],
            "usageMetadata": used,
            "modelVersion": "gemini-2.5-flash",
            "responseId": "r",
        }
    yield {"candidates": [{"finishReason": "STOP", "index": 0}], "usageMetadata": used}


def whole() -> dict[str, Any]:
    first, second, last = chunks()
    parts = [each["candidates"][0]["content"]["parts"][0] for each in (first, second)]
    candidate = {**last["candidates"][0], "content": {"parts": parts, "role": "model"}}
    return {**first, "candidates": [candidate]}


async def generate(exchange: Exchange) -> None:
    if "streamGenerateContent" not in exchange.path:
        await exchange.answer(200, whole())
        return
    await exchange.stream(f"data: {json.dumps(chunk)}\r\n\r\n" for chunk in chunks())


def request() -> pb.GenerateRequest:
    message = pb.LLMMessage(role=pb.ROLE_USER, content="Hello")
    return pb.GenerateRequest(model="google/gemini-2.5-flash", messages=[message])


async def test_a_stream_gives_what_a_whole_answer_gives_and_both_have_a_price(
    upstream: Upstream,
) -> None:
    upstream.script(generate)
    async with GoogleAIClient(KEY, upstream.url) as client:
        answer = await client.generate(request())
        async with aclosing(await client.open_stream(request())) as stream:
            assert comparable(await accumulate(stream)) == comparable(answer)
    assert (answer.content, answer.model) == ("Hello there", "gemini-2.5-flash")
    assert answer.message.parts[1].signature == pb.Signature(provider="google", data="c2ln")
    assert (answer.prompt_tokens, answer.completion_tokens) == (1000, 500)
    assert answer.cost.total_nano_usd == 1000 * 300 + 500 * 2500
    assert answer.cost.price_source == "genai-prices"


async def test_the_key_travels_in_its_header_alone(upstream: Upstream) -> None:
    upstream.script(generate)
    async with GoogleAIClient(KEY, upstream.url) as client:
        await client.generate(request())
        async with aclosing(await client.open_stream(request())) as stream:
            await accumulate(stream)
    assert [exchange.path for exchange in upstream.exchanges] == [
        "/v1/models/gemini-2.5-flash:generateContent",
        "/v1/models/gemini-2.5-flash:streamGenerateContent?alt=sse",
    ]
    for exchange in upstream.exchanges:
        assert [name for name, value in exchange.headers.items() if KEY in value] == [
            "x-goog-api-key"
        ]
        assert KEY.encode() not in exchange.body


async def test_a_refused_key_is_the_keys_fault_though_the_status_is_400(
    upstream: Upstream,
) -> None:
    info = {"@type": "type.googleapis.com/google.rpc.ErrorInfo", "reason": "API_KEY_INVALID"}
    error = {"code": 400, "message": f"bad key {KEY}", "status": "INVALID_ARGUMENT"}

    async def refuse(exchange: Exchange) -> None:
        await exchange.answer(400, {"error": {**error, "details": [info]}})

    upstream.script(refuse)
    async with GoogleAIClient(KEY, upstream.url) as client:
        with pytest.raises(AuthenticationError) as caught:
            await client.generate(request())
    assert caught.value.reason_name == "PROVIDER_AUTHENTICATION"
    assert KEY not in f"{caught.value}{caught.value.metadata}"


async def test_names_of_models_are_not_kept_for_ever() -> None:
    async with GoogleAIClient(KEY) as client:
        provider = client._provider
        for number in range(KEPT_URLS + 9):
            asked = request()
            asked.model = f"made-up-{number}"
            Exchanged(provider, asked, Call(), stream=False)
            assert len(provider.urls) <= KEPT_URLS


@pytest.mark.parametrize("model", ["../../x", "a?key=b", "a#b", "a%2Fb"])
async def test_no_name_of_a_model_leads_anywhere_else(upstream: Upstream, model: str) -> None:
    upstream.script(generate)
    asked = request()
    asked.model = model
    async with GoogleAIClient(KEY, upstream.url) as client:
        await client.generate(asked)
    [exchange] = upstream.exchanges
    assert exchange.path.startswith("/v1/models/")
    assert exchange.path.endswith(":generateContent")
    assert exchange.path.count("/") == 3
    assert not {"?", "#"} & set(exchange.path)
