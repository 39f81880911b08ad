"""How the OpenAI dialect reads a provider's counts of tokens."""

from __future__ import annotations

import json
from typing import Any

import pytest
from google.protobuf import json_format

from llmrpc import v1 as pb
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
    folded = fold(chunk({}, "stop", usage={"prompt_tokens": 10, "completion_tokens": 0, **cached}))
    counted = folded.response().usage
    assert (counted.input_tokens, counted.cache_read_tokens) == (6, 4)


def test_output_that_was_not_counted_is_estimated() -> None:
    text, used = "a" * 41, {"prompt_tokens": 3}
    whole = DIALECT.decode(body({**LETTER, "content": [text]}, "stop", used)).usage
    streamed = fold(chunk({"content": text}, usage=used), chunk({}, "stop")).response().usage
    assert whole == streamed == pb.Usage(input_tokens=3, output_tokens=11, estimated=True)


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
    ("used", "warnings"),
    [
        ({"prompt_tokens": -1, "completion_tokens": 1}, 1),
        ({"prompt_tokens": 2**31, "completion_tokens": 1}, 1),
        ({"prompt_tokens": 1, "completion_tokens": 2**63}, 1),
        ({"prompt_tokens": 2**30, "completion_tokens": 2**30}, 2),
        ({"prompt_tokens": "many"}, 1),
        ({"prompt_tokens": 3}, 0),
    ],
)
def test_counts_that_no_call_could_have_are_estimated(used: dict[str, Any], warnings: int) -> None:
    whole = DIALECT.decode(body(LETTER, "stop", used))
    folded = fold(chunk({"content": "a"}), chunk({}, "stop", usage=used))
    for answer in (whole, folded.decoder.answer):
        assert answer.parts.content() == "a"
        assert answer.usage is None or answer.usage.estimated
        assert [each.field for each in answer.warnings] == ["usage"] * warnings


@pytest.mark.parametrize(
    ("used", "counted"),
    [
        ({"total_tokens": 74}, {"output_tokens": 3, "reasoning_tokens": 62}),
        (
            {"completion_tokens_details": {"reasoning_tokens": 2}, "total_tokens": 12},
            {"output_tokens": 1, "reasoning_tokens": 2},
        ),
        (
            {"completion_tokens_details": {"reasoning_tokens": 62}, "total_tokens": 74},
            {"output_tokens": 3, "reasoning_tokens": 62},
        ),
        (
            {"completion_tokens_details": {"reasoning_tokens": 2}, "total_tokens": 16},
            {"output_tokens": 1, "reasoning_tokens": 6},
        ),
        (
            {"prompt_tokens_details": {"cached_tokens": 5}, "total_tokens": 17},
            {"input_tokens": 9, "cache_read_tokens": 5},
        ),
        (
            {"prompt_audio_seconds": 9, "total_tokens": 100},
            {"input_tokens": 9, "input_audio_tokens": 88},
        ),
        ({"total_tokens": 5}, {"input_tokens": 9, "output_tokens": 3}),
        ({"total_tokens": 90, "num_search_queries": 1}, {"input_tokens": 9, "output_tokens": 3}),
    ],
)
def test_a_total_is_evidence_of_what_was_not_itemised(
    used: dict[str, Any], counted: dict[str, int]
) -> None:
    used = {"prompt_tokens": 9, "completion_tokens": 3, **used}
    whole = DIALECT.decode(body(LETTER, "stop", used)).usage
    streamed = fold(chunk({"content": "a"}, "stop"), chunk({}, usage=used)).response().usage
    assert whole == streamed
    assert whole is not None
    whole.ClearField("tool_uses")
    counted = {"input_tokens": 9, "output_tokens": 3, **counted}
    assert whole == json_format.ParseDict(counted, pb.Usage())


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
