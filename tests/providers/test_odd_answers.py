"""Odd fields of readable answers: none of them loses the answer, or stops the gateway."""

from __future__ import annotations

import json
from typing import Any

import pytest

from llmrpc import v1 as pb
from llmrpc_server.providers.dialect import Answer
from llmrpc_server.providers.options import to_value
from llmrpc_server.providers.registry import DIALECTS, ROWS
from tests.providers.golden import Folded, bytewise

MAX_EVENT = 1 << 20
DEEP: Any = "bottom"
for _ in range(400):
    DEEP = [DEEP]


def chat(**fields: Any) -> bytes:
    """A whole answer of Chat Completions."""
    message = {"role": "assistant", "content": "ok", **fields.pop("message", {})}
    choice = {"index": 0, "message": message, "finish_reason": "stop"}
    return json.dumps({"choices": [choice], **fields}).encode()


def messages(**fields: Any) -> bytes:
    """A whole answer of Anthropic."""
    content = [{"type": "text", "text": "ok"}]
    return json.dumps(
        {"type": "message", "content": content, "stop_reason": "end_turn", **fields}
    ).encode()


def gemini(candidate: dict[str, Any] | None = None, **fields: Any) -> bytes:
    """A whole answer of Google."""
    parts = [{"text": "ok"}]
    one = {"content": {"parts": parts}, "finishReason": "STOP", **(candidate or {})}
    return json.dumps({"candidates": [one], **fields}).encode()


def responses(*content: dict[str, Any], **fields: Any) -> bytes:
    """A whole answer of Responses."""
    pieces = list(content) or [{"type": "output_text", "text": "ok"}]
    output = [{"type": "message", "id": "m", "role": "assistant", "content": pieces}]
    return json.dumps({"status": "completed", "output": output, **fields}).encode()


def decode(row: str, dialect: str, body: bytes) -> Answer:
    return DIALECTS[dialect](ROWS[row].speaking(dialect)).decode(body)


CITED = {
    "type": "output_text",
    "text": "ok",
    "annotations": [{"type": "url_citation", "url": "https://a.b/?\xff"}],
}
BODIES = {
    "chat: deep metadata": ("perplexity", "openai", chat(related_questions=DEEP)),
    "chat: a custom call that is no UTF-8": (
        "openai",
        "openai",
        chat(
            message={
                "tool_calls": [{"id": "1", "type": "custom", "zz": "\xff", "custom": {"name": "x"}}]
            }
        )
        .decode()
        .replace("\\u00ff", "\xff")
        .encode("latin-1"),
    ),
    "chat: an image that is no base64": (
        "openrouter",
        "openai",
        chat(
            message={
                "images": [
                    {"type": "image_url", "image_url": {"url": "data:image/png;base64,\u00e9"}}
                ]
            }
        ),
    ),
    "anthropic: deep metadata": ("anthropic", "anthropic", messages(context_management=DEEP)),
    "anthropic: a number that JSON lacks": (
        "anthropic",
        "anthropic",
        messages(container={"id": "huge"}).replace(b'"huge"', b"1e999"),
    ),
    "google: deep metadata": ("google", "google", gemini({"safetyRatings": DEEP})),
    "google: a count beyond all bounds": (
        "google",
        "google",
        gemini(
            usageMetadata={
                "promptTokenCount": 1,
                "billedToolCalls": [
                    {"tool": "google_search_web", "successfulToolCallCount": 3_000_000_000}
                ],
            }
        ),
    ),
    "responses: deep metadata": ("openai", "openai-responses", responses(moderation=DEEP)),
    "responses: a citation that is no UTF-8": (
        "openai",
        "openai-responses",
        responses(CITED).decode().replace("\\u00ff", "\xff").encode("latin-1"),
    ),
}


@pytest.mark.parametrize("name", BODIES)
def test_bookkeeping_loses_no_answer(name: str) -> None:
    row, dialect, body = BODIES[name]
    answer = decode(row, dialect, body)
    assert answer.parts.content() == "ok"
    for value in answer.metadata.values():
        again = pb.LLMResponse(provider_metadata={"a": value}).SerializeToString()
        event = pb.StreamEvent(completed=pb.LLMResponse.FromString(again))
        assert pb.StreamEvent.FromString(event.SerializeToString()) == event


def test_what_nests_too_deeply_is_kept_as_text() -> None:
    value = to_value({"a": [DEEP]})
    assert pb.LLMResponse(provider_metadata={"a": value}).SerializeToString()
    assert "bottom" in str(value)


def test_of_two_first_choices_the_first_one_counts() -> None:
    choice = {"index": 0, "message": {"content": "a"}, "finish_reason": "stop"}
    custom = {"id": "1", "type": "custom", "custom": {"name": "x", "input": "y"}}
    other = {"index": 0, "message": {"tool_calls": [custom]}}
    answer = decode("openai", "openai", json.dumps({"choices": [choice, other]}).encode())
    assert answer.parts.content() == "a"


def events(*each: dict[str, Any]) -> bytes:
    return b"".join(b"data: " + json.dumps(one).encode() + b"\n\n" for one in each)


def test_a_huge_index_costs_nothing() -> None:
    huge = {"output_index": 0, "content_index": 10**12}
    whole = json.loads(responses())
    data = events(
        {
            "type": "response.content_part.added",
            **huge,
            "part": {"type": "output_text", "text": ""},
        },
        {"type": "response.output_text.delta", **huge, "delta": "ok"},
        {"type": "response.completed", "response": {**whole, "output": []}},
    )
    folded = Folded(
        DIALECTS["openai-responses"](ROWS["openai"].speaking("openai-responses")).decoder(MAX_EVENT)
    )
    folded.run(data)
    assert folded.response().content == "ok"


def test_a_piece_that_came_only_in_the_whole_item_is_not_lost() -> None:
    texts = [{"type": "output_text", "text": text} for text in ("one", "two")]
    place = {"output_index": 0, "content_index": 0}
    added = {"type": "response.content_part.added", "part": {"type": "output_text", "text": ""}}
    item = json.loads(responses(*texts))["output"][0]
    data = events(
        {**added, **place},
        {"type": "response.output_text.delta", **place, "delta": "one"},
        {"type": "response.output_item.done", "output_index": 0, "item": item},
        {"type": "response.completed", "response": json.loads(responses(*texts))},
    )
    folded = Folded(
        DIALECTS["openai-responses"](ROWS["openai"].speaking("openai-responses")).decoder(MAX_EVENT)
    )
    folded.run(data)
    assert folded.response().content == "onetwo"


def test_an_integer_beyond_all_doubles_is_kept_as_text() -> None:
    assert to_value(10**400).string_value == str(10**400)
    assert to_value(2**53).number_value == 2**53


def test_reasoning_that_was_signed_before_its_text_came_is_not_lost() -> None:
    piece = {"type": "reasoning.text", "index": 0}
    deltas: list[dict[str, Any]] = [
        {"reasoning_details": [{**piece, "signature": "s"}]},
        {"content": "a"},
        {"reasoning_details": [{**piece, "text": "late"}]},
        {"content": "b"},
    ]
    end = {"choices": [{"index": 0, "delta": {}, "finish_reason": "stop"}]}
    data = events(*({"choices": [{"index": 0, "delta": delta}]} for delta in deltas), end)
    folded = Folded(DIALECTS["openai"](ROWS["openrouter"]).decoder(MAX_EVENT))
    folded.run(*bytewise(data + b"data: [DONE]\n\n"))
    parts = folded.response().message.parts
    assert [part.reasoning for part in parts] == ["", "", "late"]
    assert folded.response().content == "ab"


def test_encrypted_reasoning_in_pieces_is_one_part() -> None:
    piece = {"type": "reasoning.encrypted", "index": 0, "id": "r"}
    deltas: list[dict[str, Any]] = [
        {"reasoning_details": [{**piece, "data": "ab"}]},
        {"reasoning_details": [{**piece, "data": "cd"}]},
        {"content": "ok"},
    ]
    end = {"choices": [{"index": 0, "delta": {}, "finish_reason": "stop"}]}
    data = events(*({"choices": [{"index": 0, "delta": delta}]} for delta in deltas), end)
    folded = Folded(DIALECTS["openai"](ROWS["openrouter"]).decoder(MAX_EVENT))
    folded.run(*bytewise(data + b"data: [DONE]\n\n"))
    parts = folded.response().message.parts
    assert [part.WhichOneof("kind") for part in parts] == ["redacted_reasoning", "text"]
    assert parts[0].redacted_reasoning == "abcd"
