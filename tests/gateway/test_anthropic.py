"""Anthropic through the gateway, with a scripted provider in its place."""

from __future__ import annotations

import asyncio
from typing import Any

import grpc
import pytest

from llmrpc import accumulate
from llmrpc import v1 as pb
from llmrpc_server.providers.clients import AnthropicClient
from llmrpc_server.providers.options import to_value
from tests.gateway.conftest import KEY, Gateway, Start, ask
from tests.gateway.failures import failure_of
from tests.providers.messages_api import PING, STOP, begin, block, compact, end, events, message
from tests.upstream import Exchange, Handler, Upstream

USAGE = {
    "input_tokens": 100,
    "cache_read_input_tokens": 1000,
    "cache_creation_input_tokens": 300,
    "cache_creation": {"ephemeral_5m_input_tokens": 100, "ephemeral_1h_input_tokens": 200},
    "output_tokens": 50,
    "output_tokens_details": {"thinking_tokens": 30},
}
CALL = {"type": "tool_use", "id": "toolu_1", "name": "f", "input": {"a": 1}}
THOUGHT = {"type": "thinking", "thinking": "Hm.", "signature": "sig"}
COUNTED = {name: USAGE[name] for name in ("output_tokens", "output_tokens_details")}
BEGIN = begin({"input_tokens": 9, "output_tokens": 1})


@pytest.fixture
async def claude(start: Start, upstream: Upstream) -> Gateway:
    return await start(**settings(upstream))


def settings(upstream: Upstream) -> dict[str, Any]:
    return {
        "providers__anthropic__base_url": upstream.url.removesuffix("/v1"),
        "providers__anthropic__api_keys": [KEY],
        "default_model": "anthropic/claude-opus-4-8",
        "temperature": None,
    }


async def answers(exchange: Exchange) -> None:
    if exchange.json.get("stream"):
        thought = {"type": "thinking_delta", "thinking": "Hm."}
        signed = {"type": "signature_delta", "signature": "sig"}
        written = {"type": "input_json_delta", "partial_json": '{"a":1}'}
        said = [
            begin({**USAGE, "output_tokens": 1}),
            PING,
            *block(0, {"type": "thinking", "thinking": ""}, thought, signed),
            *block(1, {**CALL, "input": {}}, written),
            end(
                "tool_use", {"output_tokens": 50, "output_tokens_details": {"thinking_tokens": 30}}
            ),
            STOP,
        ]
        await exchange.stream([events(each) for each in said])
    else:
        await exchange.answer(200, message([THOUGHT, CALL], "tool_use", USAGE))


@pytest.mark.parametrize("streamed", [False, True])
async def test_an_answer_goes_back_as_it_came(
    claude: Gateway, upstream: Upstream, streamed: bool
) -> None:
    upstream.script(answers)
    asked = ask(tools=[pb.Tool(function=pb.FunctionTool(name="f"))], max_tokens=100)
    if streamed:
        response = await accumulate(claude.stub.StreamText(asked))
    else:
        response = await claude.stub.Generate(asked)
    assert response.finish_reason == pb.FINISH_REASON_TOOL_CALLS
    assert (response.prompt_tokens, response.completion_tokens) == (1400, 50)
    # USD 5, 0.5, 6.25, 10 and 25 a million, thinking as output
    assert response.cost.total_nano_usd == (
        100 * 5000 + 1000 * 500 + 100 * 6250 + 200 * 10_000 + 50 * 25_000
    )
    exchange = upstream.exchanges[0]
    assert exchange.path == "/v1/messages"
    assert exchange.headers["x-api-key"] == KEY
    assert exchange.headers["anthropic-version"] == "2023-06-01"
    assert "authorization" not in exchange.headers
    asked.messages.append(response.message)
    result = pb.ToolResult(tool_call_id="toolu_1", content="2")
    asked.messages.append(pb.LLMMessage(role=pb.ROLE_TOOL, parts=[pb.Part(tool_result=result)]))
    second = await claude.stub.Generate(asked)
    assert not second.warnings
    assert upstream.exchanges[1].json["messages"] == [
        {"role": "user", "content": "Hi"},
        {"role": "assistant", "content": [THOUGHT, CALL]},
        {"role": "user", "content": [{"type": "tool_result", "tool_use_id": "toolu_1",
                                      "content": "2"}]},
    ]  # fmt: skip


async def test_what_a_tool_of_the_provider_did_goes_there_and_back(
    claude: Gateway, upstream: Upstream
) -> None:
    call = {"type": "mcp_tool_use", "id": "mcptoolu_1", "name": "echo", "server_name": "s"}
    result = {"type": "mcp_tool_result", "tool_use_id": "mcptoolu_1", "content": []}
    cited = {"type": "search_result_location", "source": "https://x/", "cited_text": "Yes."}
    said = {"type": "text", "text": "It says yes.", "citations": [cited]}
    uses = {"web_search_requests": 3, "code_execution_requests": 1}
    usage = {**USAGE, "server_tool_use": uses}

    async def searches(exchange: Exchange) -> None:
        written = {"type": "input_json_delta", "partial_json": '{"a":1}'}
        citation = {"type": "citations_delta", "citation": cited}
        stops = end("end_turn", usage)
        stops["delta"]["container"] = {"id": "container_1"}
        text = {"type": "text_delta", "text": said["text"]}
        sent = [
            begin({**USAGE, "output_tokens": 1}),
            *block(0, {**call, "input": {}}, written),
            *block(1, result),
            *block(2, {"type": "text", "text": ""}, citation, text),
            stops,
            STOP,
        ]
        await exchange.stream([events(each) for each in sent])

    upstream.script(searches, searches)
    server = {"type": "url", "url": "https://x/", "name": "s"}
    tool = pb.ProviderTool(
        provider="anthropic", type="mcp_toolset", options='{"mcp_server_name":"s"}'
    )
    asked = ask(
        tools=[pb.Tool(provider_tool=tool)],
        provider_options={"anthropic.mcp_servers": to_value([server])},
        end_user_id="user-7",
    )
    response = await accumulate(claude.stub.StreamText(asked))
    assert dict(response.usage.tool_uses) == uses
    assert response.cost.request_nano_usd == 30_000_000
    assert response.cost.estimated
    assert [warning.field for warning in response.warnings] == [
        "usage.tool_uses.code_execution_requests"
    ]
    container = response.provider_metadata["anthropic.container"].struct_value
    assert container.fields["id"].string_value == "container_1"
    [annotation] = response.message.parts[2].annotations
    assert (annotation.url, annotation.quote) == ("https://x/", "Yes.")
    asked.messages.append(response.message)
    asked.messages.append(pb.LLMMessage(role=pb.ROLE_USER, content="Sure?"))
    second = await accumulate(claude.stub.StreamText(asked))
    assert second.warnings == response.warnings
    for exchange in upstream.exchanges:
        assert exchange.headers["anthropic-beta"] == "mcp-client-2025-11-20"
        assert exchange.json["metadata"] == {"user_id": "user-7"}
        assert exchange.json["tools"] == [{"type": "mcp_toolset", "mcp_server_name": "s"}]
    assert upstream.exchanges[1].json["messages"][1] == {
        "role": "assistant",
        "content": [{**call, "input": {"a": 1}}, result, said],
    }


async def test_pings_do_not_keep_a_stalled_stream_alive(start: Start, upstream: Upstream) -> None:
    gateway = await start(**settings(upstream), timeout=1.0)

    async def stall(exchange: Exchange) -> None:
        hello = {"type": "text_delta", "text": "Hello"}
        await exchange.start_stream()
        await exchange.chunk(events(BEGIN, *block(0, {"type": "text", "text": ""}, hello)[:2]))
        while not exchange.closed.is_set():
            await exchange.chunk(events(PING))
            await asyncio.sleep(0.02)

    upstream.script(stall)
    failure = await failure_of(gateway.stub.StreamText(ask(), timeout=30))
    assert failure.code == grpc.StatusCode.DEADLINE_EXCEEDED
    assert failure.reason == "PROVIDER_STALLED"
    assert failure.details.usage == pb.Usage(input_tokens=9, output_tokens=2, estimated=True)
    await asyncio.wait_for(upstream.exchanges[0].closed.wait(), 5)


def fails(status: int, type: str, **headers: str) -> Handler:
    async def handle(exchange: Exchange) -> None:
        body = {"type": "error", "error": {"type": type, "message": "No."}}
        if status == 200:
            await exchange.stream([b"event: error\ndata: " + compact(body) + b"\n\n"])
        else:
            await exchange.answer(status, body, **headers)

    return handle


async def test_an_overload_before_the_first_delta_is_tried_again(
    claude: Gateway, upstream: Upstream
) -> None:
    upstream.script(fails(529, "overloaded_error"), fails(200, "overloaded_error"), answers)
    response = await accumulate(claude.stub.StreamText(ask()))
    assert [attempt.outcome for attempt in response.attempts] == [
        pb.Attempt.OUTCOME_FAILED,
        pb.Attempt.OUTCOME_FAILED,
        pb.Attempt.OUTCOME_SUCCEEDED,
    ]


async def test_a_try_that_breaks_before_its_first_delta_is_on_the_bill(
    claude: Gateway, upstream: Upstream
) -> None:
    async def begins(exchange: Exchange) -> None:
        busy = {"type": "error", "error": {"type": "overloaded_error", "message": "No."}}
        await exchange.stream([events(BEGIN), events(busy)])

    upstream.script(begins, answers)
    response = await accumulate(claude.stub.StreamText(ask()))
    lost, good = response.attempts
    assert lost.usage == pb.Usage(input_tokens=9, output_tokens=1)
    assert lost.cost.total_nano_usd == 9 * 5000 + 25_000
    assert good.usage == response.usage

    upstream.script(*[begins] * 4)
    failure = await failure_of(claude.stub.StreamText(ask()))
    assert failure.reason == "PROVIDER_OVERLOADED"
    assert failure.details.usage == lost.usage
    assert failure.details.cost == lost.cost


async def test_the_providers_name_for_a_request_is_told(
    claude: Gateway, upstream: Upstream
) -> None:
    upstream.script(fails(400, "invalid_request_error", request_id="req_9"))
    failure = await failure_of(claude.stub.Generate(ask()))
    assert failure.reason == "PROVIDER_REJECTED_REQUEST"
    assert failure.details.attempts[0].provider_request_id == "req_9"


async def test_the_provider_counts(claude: Gateway, upstream: Upstream) -> None:
    async def counts(exchange: Exchange) -> None:
        await exchange.answer(200, {"input_tokens": 42})

    upstream.script(counts)
    counted = await claude.stub.CountTokens(pb.CountTokensRequest(request=ask(max_tokens=9)))
    assert (counted.prompt_tokens, counted.method) == (
        42,
        pb.CountTokensResponse.METHOD_PROVIDER,
    )
    [exchange] = upstream.exchanges
    assert exchange.path == "/v1/messages/count_tokens"
    assert exchange.json == {
        "model": "claude-opus-4-8",
        "messages": [{"role": "user", "content": "Hi"}],
    }


async def test_the_client_works_without_the_gateway(upstream: Upstream) -> None:
    upstream.script(answers)
    async with AnthropicClient(KEY, upstream.url.removesuffix("/v1")) as client:
        response = await client.generate(ask(model="anthropic/claude-opus-4-8"))
    assert response.message.parts[0].signature == pb.Signature(provider="anthropic", data="sig")
    assert upstream.exchanges[0].json["model"] == "claude-opus-4-8"
