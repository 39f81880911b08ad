"""Tools and sources by Chat Completions through the gateway: a first turn, and a second."""

from __future__ import annotations

import pytest

from llmrpc import accumulate
from llmrpc import v1 as pb
from tests.gateway.conftest import KEY, Gateway, Start
from tests.providers.golden import FOLDER, Case
from tests.providers.replay import replay
from tests.upstream import Upstream

CASES = {
    "openrouter": Case(FOLDER / "openai" / "openrouter-web-search"),
    "groq": Case(FOLDER / "openai" / "groq-compound"),
    "perplexity": Case(FOLDER / "openai" / "perplexity-sources"),
}
SECOND = {"groq": ["provider_block", "provider_block"], "perplexity": ["annotations"]}
"""What does not go back, by the last names of the fields that are warned of."""


async def call(gateway: Gateway, request: pb.GenerateRequest, streamed: bool) -> pb.LLMResponse:
    if streamed:
        return await accumulate(gateway.stub.StreamText(request))
    response: pb.LLMResponse = await gateway.stub.Generate(request)
    return response


def warned(response: pb.LLMResponse) -> list[str]:
    """The fields that are warned of, apart from uses without a known price."""
    return [each.field for each in response.warnings if not each.field.startswith("usage.")]


@pytest.mark.parametrize("streamed", [False, True])
@pytest.mark.parametrize("provider", CASES)
async def test_a_conversation_with_a_tool_of_the_provider(
    start: Start, upstream: Upstream, provider: str, streamed: bool
) -> None:
    case = CASES[provider]
    gateway = await start(
        **{f"providers__{provider}__base_url": upstream.url},
        **{f"providers__{provider}__api_keys": [KEY]},
        temperature=None,
    )
    replay(upstream, case)
    request = case.request()
    request.model = f"{provider}/{case.info['model']}"
    response = await call(gateway, request, streamed)
    expected = case.expected(stream=streamed)
    assert response.message == expected.message
    assert response.provider_metadata == expected.provider_metadata
    assert response.usage == expected.usage
    assert warned(response) == case.info.get("warnings", [])
    request.messages.append(response.message)
    request.messages.add(role=pb.ROLE_USER, content="Go on.")
    request.end_user_id = ""
    response = await call(gateway, request, streamed)
    left_out = [field.rpartition(".")[2] for field in warned(response)]
    assert left_out == SECOND.get(provider, [])
    first, second = (exchange.json for exchange in upstream.exchanges)
    assert second["messages"][: len(first["messages"])] == first["messages"]
    said = case.json("response.json")["choices"][0]["message"]
    sent = second["messages"][-2]
    assert sent["content"] == said["content"]
    assert sent.get("annotations") == (
        said.get("annotations") if provider == "openrouter" else None
    )
