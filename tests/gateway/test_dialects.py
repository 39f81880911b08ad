"""Which protocol a model is called by, and what a call by Responses comes to."""

from __future__ import annotations

from typing import Any

import grpc
import pytest

from llmrpc import accumulate
from llmrpc import v1 as pb
from tests.gateway.conftest import KEY, Gateway, Start, ask
from tests.gateway.failures import failure_of, read_failure
from tests.gateway.test_answers import comparable
from tests.providers import responses
from tests.upstream import Exchange, Upstream, chat_answer

ITEMS = [
    responses.item("summary", "Hm.", id="rs_1", encrypted_content="E1"),
    responses.item("call", '{"a":1}', call_id="c1", name="f", id="fc_1"),
    responses.item("summary", id="rs_2", encrypted_content="E2"),
    responses.item("call", "{}", call_id="c2", name="f", id="fc_2"),
]
USED = {"input_tokens": 30, "output_tokens": 9, "output_tokens_details": {"reasoning_tokens": 4}}


async def whole(exchange: Exchange) -> None:
    await exchange.answer(200, responses.whole(ITEMS, usage=USED, model="gpt-6-luna"))


async def streamed(exchange: Exchange) -> None:
    await exchange.stream([responses.stream(ITEMS, usage=USED, model="gpt-6-luna")])


async def chat(exchange: Exchange) -> None:
    await exchange.answer(200, chat_answer())


@pytest.mark.parametrize(
    ("model", "path"),
    [
        ("gpt-4.1", "/chat/completions"),
        ("gpt-4o-search-preview", "/chat/completions"),
        ("gpt-5-chat-latest", "/chat/completions"),
        ("my-own", "/chat/completions"),
        ("o3-pro", "/responses"),
        ("gpt-5.3-codex", "/responses"),
        ("gpt-5.4-mini", "/responses"),
        ("gpt-6-luna", "/responses"),
        ("gpt-6.2-astra-law", "/responses"),
    ],
)
async def test_the_longest_start_of_a_models_name_chooses(
    gateway: Gateway, upstream: Upstream, model: str, path: str
) -> None:
    upstream.script(whole if path == "/responses" else chat)
    await gateway.stub.Generate(ask(model=f"openai/{model}"))
    assert upstream.exchanges[0].path == f"/v1{path}"
    assert upstream.exchanges[0].headers["authorization"] == f"Bearer {KEY}"
    assert upstream.exchanges[0].json["model"] == model


@pytest.mark.parametrize(
    ("dialects", "model", "path"),
    [
        ({"": "openai"}, "gpt-6-luna", "/chat/completions"),
        ({"": "openai-responses"}, "gpt-4.1", "/responses"),
        ({"gpt-6": "openai"}, "gpt-6-luna", "/chat/completions"),
        ({"gpt-6": "openai"}, "gpt-5.4", "/responses"),
        ({"gpt-5": "openai"}, "gpt-5-pro", "/chat/completions"),
        ({"gpt-5": "openai", "gpt-5-pro": "openai-responses"}, "gpt-5-pro", "/responses"),
    ],
)
async def test_the_configuration_chooses_first(
    start: Start, upstream: Upstream, dialects: dict[str, str], model: str, path: str
) -> None:
    gateway = await start(providers__openai__dialects=dialects)
    upstream.script(whole if path == "/responses" else chat)
    await gateway.stub.Generate(ask(model=f"openai/{model}"))
    assert upstream.exchanges[0].path == f"/v1{path}"


async def test_an_own_provider_speaks_responses(start: Start, upstream: Upstream) -> None:
    mine = {"dialect": "openai-responses", "base_url": upstream.url, "temperature": 0.3}
    gateway = await start(providers__mine=mine)
    upstream.script(whole)
    response = await gateway.stub.Generate(ask(model="mine/x"))
    assert response.provider == "mine"
    assert upstream.exchanges[0].path == "/v1/responses"
    assert upstream.exchanges[0].json["temperature"] == 0.3
    assert "include" not in upstream.exchanges[0].json


async def test_whole_and_streamed_are_one_answer_and_go_back_unchanged(
    gateway: Gateway, upstream: Upstream
) -> None:
    request = ask(model="openai/gpt-6-luna")
    upstream.script(whole, streamed, whole)
    first = await gateway.stub.Generate(request)
    assert comparable(await accumulate(gateway.stub.StreamText(request))) == comparable(first)
    assert first.finish_reason == pb.FINISH_REASON_TOOL_CALLS
    assert (first.usage.output_tokens, first.usage.reasoning_tokens) == (5, 4)
    assert first.cost.total_nano_usd > 0
    request.messages.append(first.message)
    results = request.messages.add(role=pb.ROLE_TOOL).parts
    results.add().tool_result.MergeFrom(pb.ToolResult(tool_call_id="c1", content="one"))
    results.add().tool_result.MergeFrom(pb.ToolResult(tool_call_id="c2", content="two"))
    second = await gateway.stub.Generate(request)
    assert not second.warnings
    _, *sent = upstream.exchanges[-1].json["input"]
    assert sent[:4] == [
        {**each, "status": "completed"} if each["type"] == "function_call" else each
        for each in ITEMS
    ]
    assert [each["output"] for each in sent[4:]] == ["one", "two"]


async def test_what_the_protocol_lacks_is_refused_by_name(gateway: Gateway) -> None:
    error = await failure_of(gateway.stub.Generate(ask(model="openai/gpt-6-luna", stop=["x"])))
    assert error.reason == "FIELD_NOT_SUPPORTED"
    assert error.metadata["field"] == "stop"


async def test_a_failed_response_is_tried_again_before_the_first_delta_and_not_after(
    gateway: Gateway, upstream: Upstream
) -> None:
    created = responses.event("response.created", response=responses.whole([], "in_progress"))
    failed = responses.end("failed", error={"code": "server_error", "message": "Oops."})
    text = responses.event("response.output_text.delta", delta="Half")

    async def early(exchange: Exchange) -> None:
        await exchange.stream([created, failed])

    async def late(exchange: Exchange) -> None:
        await exchange.start_stream()
        await exchange.chunk(created + text)
        await exchange.seen.wait()
        await exchange.chunk(failed)
        await exchange.end_stream()

    upstream.script(early, streamed)
    request = ask(model="openai/gpt-6-luna")
    response = await accumulate(gateway.stub.StreamText(request))
    assert len(response.attempts) == len(upstream.exchanges) == 2
    upstream.script(late, streamed)
    call: Any = gateway.stub.StreamText(request)
    event = await call.read()
    assert event.deltas[0].text == "Half"
    upstream.exchanges[0].seen.set()
    with pytest.raises(grpc.aio.AioRpcError) as caught:
        await call.read()
    assert read_failure(caught.value).reason == "STREAM_INTERRUPTED"
    assert len(upstream.exchanges) == 1
