"""Google's own tools through the gateway: a conversation that searches and calls a function."""

from __future__ import annotations

import pytest

from llmrpc import accumulate
from llmrpc import v1 as pb
from tests.gateway.conftest import KEY, Gateway, Start
from tests.providers.golden import FOLDER, Case
from tests.providers.replay import replay
from tests.upstream import Upstream

SEARCHED = Case(FOLDER / "google" / "google-search-and-functions")
SOURCED = Case(FOLDER / "google" / "google-search")


@pytest.fixture
async def gemini(start: Start, upstream: Upstream) -> Gateway:
    return await start(
        providers__google__base_url=upstream.url.removesuffix("/v1"),
        providers__google__api_keys=[KEY],
        temperature=None,
    )


def asked(case: Case) -> pb.GenerateRequest:
    request = case.request()
    request.model = f"google/{case.info['model']}"
    return request


async def call(gateway: Gateway, request: pb.GenerateRequest, streamed: bool) -> pb.LLMResponse:
    if streamed:
        return await accumulate(gateway.stub.StreamText(request))
    response: pb.LLMResponse = await gateway.stub.Generate(request)
    return response


@pytest.mark.parametrize("streamed", [False, True])
async def test_what_googles_tools_did_goes_back_with_the_result_of_a_function(
    gemini: Gateway, upstream: Upstream, streamed: bool
) -> None:
    replay(upstream, SEARCHED)
    request = asked(SEARCHED)
    response = await call(gemini, request, streamed)
    assert response.message == SEARCHED.expected(stream=streamed).message
    assert response.finish_reason == pb.FINISH_REASON_TOOL_CALLS
    assert response.usage.tool_uses == {"web_search_queries": 2}
    called = response.message.parts[-1].tool_call
    result = pb.ToolResult(tool_call_id=called.id, content="Cold.")
    request.messages.append(response.message)
    request.messages.add(role=pb.ROLE_TOOL, parts=[pb.Part(tool_result=result)])
    await call(gemini, request, streamed)
    first, second = (exchange.json for exchange in upstream.exchanges)
    recorded = SEARCHED.json("response.json")["candidates"][0]["content"]
    assert second["contents"][:2] == [*first["contents"], recorded]
    assert (second["tools"], second["toolConfig"]) == (first["tools"], first["toolConfig"])


@pytest.mark.parametrize("streamed", [False, True])
async def test_sources_metadata_and_warnings_reach_the_caller(
    gemini: Gateway, upstream: Upstream, streamed: bool
) -> None:
    replay(upstream, SOURCED)
    request = asked(SOURCED)
    request.end_user_id = "user-7"
    response = await call(gemini, request, streamed)
    expected = SOURCED.expected(stream=streamed)
    assert response.message == expected.message
    assert response.provider_metadata == expected.provider_metadata
    assert response.usage.tool_uses == {"web_search_prompts": 1}
    assert [each.field for each in response.warnings] == ["end_user_id"]
