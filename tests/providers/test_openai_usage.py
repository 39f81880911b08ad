"""How the OpenAI dialect reads a provider's counts of tokens."""

from __future__ import annotations

import json
from typing import Any

import pytest

from llmrpc import v1 as pb
from llmrpc.errors import ProviderNotAvailableError
from llmrpc.response import completion_tokens, prompt_tokens
from llmrpc_server.providers.openai import OpenAIDialect
from llmrpc_server.providers.registry import ROWS
from tests.providers.chat import HEAD, body, chunk, fold

DIALECT = OpenAIDialect(ROWS["openai"])


def test_the_last_usage_and_the_first_choice_count() -> None:
    one, two = ({"prompt_tokens": n, "completion_tokens": 0} for n in (1, 2))
    other = {"index": 1, "delta": {"content": "no"}, "finish_reason": "length"}
    second = b"data: " + json.dumps({**HEAD, "choices": [other], "usage": two}).encode() + b"\n\n"
    folded = fold(
        chunk({"content": "yes"}, usage=one, service_tier="flex"), second, chunk({}, "stop")
    )
    answer = folded.decoder.answer
    assert answer.usage is not None
    assert (answer.usage.input_tokens, answer.parts.content()) == (2, "yes")
    assert answer.service_tier == "flex"


@pytest.mark.parametrize(
    "cached",
    [
        {"prompt_tokens_details": {"cached_tokens": 4}},
        {"prompt_cache_hit_tokens": 4},
        {"num_cached_tokens": 4, "prompt_tokens_details": None},
    ],
)
def test_cached_tokens_have_several_names(cached: dict[str, Any]) -> None:
    folded = fold(chunk({}, "stop", usage={"prompt_tokens": 10, **cached}))
    counted = folded.response().usage
    assert (counted.input_tokens, counted.cache_read_tokens) == (6, 4)


LETTER: dict[str, Any] = {
    "reasoning_content": [],
    "content": ["a"],
    "refusal": [],
    "tool_calls": [],
}
NO_COUNTS: list[dict[str, Any]] = [
    {},
    {"prompt_tokens": None, "completion_tokens": None},
    {"total_tokens": 9, "prompt_tokens_details": {"cached_tokens": 1}},
]


@pytest.mark.parametrize("used", NO_COUNTS)
def test_usage_without_counts_is_no_usage(used: dict[str, Any]) -> None:
    folded = fold(chunk({"content": "a"}), chunk({}, "stop", usage=used))
    assert folded.decoder.answer.usage is None
    assert DIALECT.decode(body(LETTER, "stop", used)).usage is None


@pytest.mark.parametrize("used", NO_COUNTS)
def test_usage_without_counts_takes_none_away(used: dict[str, Any]) -> None:
    counted = {"prompt_tokens": 3, "completion_tokens": 1}
    folded = fold(chunk({"content": "a"}, "stop", usage=counted), chunk({}, usage=used))
    assert folded.response().usage.input_tokens == 3
    folded = fold(
        chunk({"content": "a"}, "stop", usage=used, x_groq={"usage": counted}), provider="groq"
    )
    assert folded.response().usage.input_tokens == 3


@pytest.mark.parametrize(
    "used",
    [
        {"prompt_tokens": -1},
        {"prompt_tokens": 2**31},
        {"completion_tokens": 2**63},
        {"prompt_tokens": 1, "prompt_tokens_details": {"cached_tokens": -1}},
        {"prompt_tokens": 2**30, "completion_tokens": 2**30},
        {"prompt_tokens": "many"},
    ],
)
def test_counts_that_no_call_could_have_are_an_invalid_response(used: dict[str, Any]) -> None:
    with pytest.raises(ProviderNotAvailableError) as caught:
        DIALECT.decode(body(LETTER, "stop", used))
    assert caught.value.reason_name == "PROVIDER_RESPONSE_INVALID"
    with pytest.raises(ProviderNotAvailableError) as caught:
        fold(chunk({"content": "a"}), chunk({}, "stop", usage=used))
    assert caught.value.reason_name == "PROVIDER_RESPONSE_INVALID"


def test_the_largest_counts_still_fit_into_the_contract() -> None:
    most = 2**29
    used = {
        "prompt_tokens": most,
        "completion_tokens": most,
        "total_tokens": 3 * most,
        "completion_tokens_details": {"reasoning_tokens": most},
    }
    counted = fold(chunk({"content": "a"}, "stop", usage=used)).response().usage
    total = prompt_tokens(counted) + completion_tokens(counted)
    assert pb.LLMResponse(tokens_used=total).tokens_used == 3 * most
