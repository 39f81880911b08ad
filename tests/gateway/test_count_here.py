"""CountTokens without the provider: a tokenizer that is at hand, else an estimate."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from llmrpc import v1 as pb
from llmrpc_server.providers.clients import OpenAIClient
from tests.gateway.conftest import Gateway, Start, ask
from tests.gateway.counts import ESTIMATE, IMAGE, TOKENIZER, count, refusal
from tests.gateway.handlers import good
from tests.providers.vocabulary import install
from tests.upstream import Upstream


async def test_without_a_tokenizer_it_is_an_estimate_that_says_so(
    gateway: Gateway, upstream: Upstream
) -> None:
    upstream.script(good)
    assert await count(gateway, ask("x" * 400)) == pb.CountTokensResponse(
        prompt_tokens=100, method=ESTIMATE, provider="openai", model="gpt-4o-mini"
    )
    picture = pb.GenerateRequest(messages=[pb.LLMMessage(role=pb.ROLE_USER, parts=[IMAGE])])
    assert (await count(gateway, picture)).prompt_tokens == 1000
    assert not upstream.exchanges


@pytest.fixture
async def tokenizing(start: Start, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Gateway:
    """A gateway that has a vocabulary for OpenAI's models."""
    return await start(vocabularies=str(install(tmp_path, monkeypatch)))


async def test_a_tokenizer_that_is_at_hand_counts_text(tokenizing: Gateway) -> None:
    request = ask("hello world")
    request.messages.add(role=pb.ROLE_ASSISTANT, parts=[pb.Part(text="hello")])
    answer = await count(tokenizing, request)
    assert (answer.method, answer.prompt_tokens) == (TOKENIZER, 2 + 1 + 2 * 4 + 3)


@pytest.mark.parametrize(
    ("change", "more"),
    [
        (lambda request: request.messages[0].parts.append(IMAGE), 1000),
        (lambda request: request.tools.add().function.MergeFrom(pb.FunctionTool(name="hello")), 1),
        (lambda request: request.response_format.json_object.SetInParent(), 0),
    ],
    ids=["image", "tool", "format"],
)
async def test_what_a_tokenizer_cannot_see_makes_it_an_estimate(
    tokenizing: Gateway, change: Any, more: int
) -> None:
    text = pb.Part(text="hello world")
    request = pb.GenerateRequest(messages=[pb.LLMMessage(role=pb.ROLE_USER, parts=[text])])
    change(request)
    answer = await count(tokenizing, request)
    assert (answer.method, answer.prompt_tokens) == (ESTIMATE, 2 + 4 + 3 + more)


async def test_a_prompt_that_fits_no_model_is_estimated(tokenizing: Gateway) -> None:
    answer = await count(tokenizing, ask("x" * 8_000_004))
    assert (answer.method, answer.prompt_tokens) == (ESTIMATE, 2_000_001)


async def test_echo_counts_as_its_usage_does(gateway: Gateway) -> None:
    request = ask("one two  three ", model="echo")
    request.messages.add(role=pb.ROLE_USER, parts=[pb.Part(text="four"), pb.Part(text=" five")])
    answer = await count(gateway, request)
    used = await gateway.stub.Generate(request)
    assert (answer.prompt_tokens, answer.method) == (used.prompt_tokens, TOKENIZER)
    assert (answer.provider, answer.model) == ("echo", "echo")
    request.messages[1].parts.append(IMAGE)
    assert (await refusal(gateway, request)).reason == "FIELD_NOT_SUPPORTED"


async def test_a_plain_client_of_ones_own_is_estimated(start: Start) -> None:
    gateway = await start(providers__scripted={"client": "tests.server.scripted:Scripted"})
    answer = await count(gateway, ask("x" * 40, model="scripted/say"))
    assert answer == pb.CountTokensResponse(
        prompt_tokens=10, method=ESTIMATE, provider="scripted", model="say"
    )


async def test_an_adapter_counts_texts_accurately_where_it_can(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with OpenAIClient() as client:
        assert client._count_tokens_accurate("hello world", "gpt-4o") == 3
    monkeypatch.setenv("TIKTOKEN_CACHE_DIR", str(install(tmp_path, monkeypatch)))
    async with OpenAIClient() as client:
        assert client._count_tokens_accurate("hello world", "gpt-4o") == 2
        assert client._count_tokens_accurate("hello world", "somebody-elses") == 3
        response = await client.count_tokens(ask("hello", model="openai/gpt-4o"))
        assert (response.method, response.model) == (TOKENIZER, "gpt-4o")
