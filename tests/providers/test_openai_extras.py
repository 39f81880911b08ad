"""What an answer of Chat Completions holds beside text and calls, also where it is odd."""

from __future__ import annotations

import json
from typing import Any

import pytest

from llmrpc import v1 as pb
from llmrpc_server.providers.openai import OpenAIDialect
from llmrpc_server.providers.registry import ROWS
from tests.providers.chat import CITED, HEAD, chunk, decode, fold, warned


@pytest.mark.parametrize(
    "message",
    [
        {"annotations": "none"},
        {"annotations": [1]},
        {"annotations": {"a": 1}},
        {"executed_tools": "none"},
        {"executed_tools": ["search"]},
        {"reasoning_steps": 7},
        {"images": [7]},
        {"images": [{"image_url": {"url": 7}}]},
    ],
)
def test_bookkeeping_that_cannot_be_read_costs_a_warning_and_no_answer(
    message: dict[str, Any],
) -> None:
    answer = decode({**message, "annotations": message.get("annotations", [CITED])})
    assert answer.parts.content() == "Hi"
    assert warned(answer) == [f"message.{next(iter(message))}"]
    if "annotations" not in message:
        assert len(answer.parts.parts()[-1].annotations) == 1
    folded = fold(chunk({"content": "Hi", **message}), chunk({}, "stop"))
    assert folded.decoder.answer.parts.content() == "Hi"
    assert warned(folded.decoder.answer) == [f"message.{next(iter(message))}"]


@pytest.mark.parametrize("name", ["reasoning_steps", "executed_tools", "images", "annotations"])
def test_what_an_aggregated_message_has_beside_a_piece_of_text_is_kept(name: str) -> None:
    items = {"images": {"image_url": {"url": "https://a/"}}, "annotations": CITED}
    item = items.get(name, {"type": "web_search", "thought": "t"})
    choice = {"index": 0, "delta": {"content": "b"}, "message": {"content": "ab", name: [item]}}
    data = b"data: " + json.dumps({**HEAD, "choices": [choice]}).encode() + b"\n\n"
    folded = fold(chunk({"content": "a"}), data, data, chunk({}, "stop"), provider="perplexity")
    parts = folded.response().message.parts
    assert "".join(part.text for part in parts) == "abb"
    kinds = [part.WhichOneof("kind") for part in parts if part.WhichOneof("kind") != "text"]
    assert len(kinds) + sum(len(part.annotations) for part in parts) == 1


def test_other_choices_are_warned_of() -> None:
    choices = [{"index": n, "message": {"content": "a"}, "finish_reason": "stop"} for n in (0, 1)]
    answer = OpenAIDialect(ROWS["openai"]).decode(json.dumps({"choices": choices}).encode())
    assert answer.parts.content() == "a"
    assert warned(answer) == ["message"]


def test_unknown_fields_of_a_piece_of_content_are_named() -> None:
    content = [{"type": "text", "text": "a", "zz": {"b": 1}, "none": None}]
    for answer in (
        decode({"content": content}, "mistral"),
        fold(chunk({"content": content}), chunk({}, "stop"), provider="mistral").decoder.answer,
    ):
        assert warned(answer) == ["message.content.zz"]
        assert answer.parts.content() == "a"


@pytest.mark.parametrize("value", [None, "", [], {}, 7, 1.5, True])
def test_an_unknown_field_without_content_is_not_worth_a_word(value: Any) -> None:
    assert warned(decode({"odd": value})) == []
    folded = fold(chunk({"content": "Hi", "odd": value}), chunk({}, "stop"))
    assert warned(folded.decoder.answer) == []


@pytest.mark.parametrize("value", ["a", [1], {"a": 1}])
def test_an_unknown_field_with_content_is_named_once(value: Any) -> None:
    assert warned(decode({"odd": value})) == ["message.odd"]
    piece = chunk({"content": "Hi", "odd": value})
    later = chunk({"content": ".", "strange": value})
    folded = fold(piece, piece, later, chunk({}, "stop"))
    assert warned(folded.decoder.answer) == ["message.odd", "message.strange"]
    assert folded.decoder.answer.parts.content() == "HiHi."


def test_a_trace_that_comes_again_counts_once() -> None:
    def trace(**more: Any) -> bytes:
        return chunk({"executed_tools": [{"index": 0, "type": "search", **more}]})

    used = {"prompt_tokens": 1, "completion_tokens": 1}
    folded = fold(
        trace(), chunk({"content": "a"}), trace(output="b"), chunk({}, "stop", usage=used),
        provider="groq",
    )  # fmt: skip
    answer = folded.decoder.answer
    assert answer.usage is not None
    assert dict(answer.usage.tool_uses) == {"search": 1}
    kinds = [part.WhichOneof("kind") for part in answer.parts.parts()]
    assert kinds == ["provider_block", "text", "provider_block"]


def test_pieces_of_text_after_a_trace_stand_behind_it() -> None:
    folded = fold(
        chunk({"role": "assistant", "content": ""}),
        chunk({"executed_tools": [{"type": "search"}, {"type": "visit"}]}),
        chunk({"content": "a"}),
        chunk({"content": "b"}, "stop"),
        provider="groq",
    )
    parts = folded.decoder.answer.parts.parts()
    assert [part.provider_block.type or part.text for part in parts] == ["search", "visit", "ab"]


def test_a_picture_that_is_no_data_stays_an_address() -> None:
    urls = ["data:image/png;base64,!", "data:image/png,x", "data:;base64,eA==", "https://a/b.png"]
    images = [{"image_url": {"url": url}} for url in urls]
    _, *found = decode({"images": images}).parts.parts()
    assert [part.image.uri for part in found] == urls


def test_a_picture_that_comes_again_is_one() -> None:
    image = {"image_url": {"url": "data:image/png;base64,eA=="}}
    folded = fold(chunk({"images": [image]}), chunk({"images": [image]}, "stop"))
    (part,) = folded.decoder.answer.parts.parts()
    assert (part.image.data, part.image.media_type) == (b"x", "image/png")


def test_a_step_that_only_the_aggregated_message_has_is_told_once() -> None:
    step = {"thought": "I search.", "type": "web_search"}
    choice = {"index": 0, "message": {"reasoning_steps": [step]}, "delta": {"content": ""}}
    data = b"data: " + json.dumps({**HEAD, "choices": [choice]}).encode() + b"\n\n"
    folded = fold(data, data, chunk({"content": "a"}, "stop"), provider="perplexity")
    kinds = [part.WhichOneof("kind") for part in folded.decoder.answer.parts.parts()]
    assert kinds == ["provider_block", "text"]


def test_a_custom_call_is_kept_byte_for_byte() -> None:
    item = b'{"type": "custom",  "custom": {"input": "x", "name": "n", "new": 1.0}, "id": "c"}'
    body = b'{"choices":[{"message":{"tool_calls":[%s]},"finish_reason":"tool_calls"}]}' % item
    (part,) = OpenAIDialect(ROWS["openai"]).decode(body).parts.parts()
    assert part.provider_block.data.encode() == item


@pytest.mark.parametrize("custom", [None, {}, {"name": None}])
def test_a_call_with_an_empty_custom_field_is_a_function_call(custom: Any) -> None:
    called = {"id": "c", "custom": custom, "function": {"name": "f", "arguments": "{}"}}
    folded = fold(chunk({"tool_calls": [{**called, "index": 0}]}), chunk({}, "tool_calls"))
    whole = decode({"tool_calls": [called]})
    for answer in (folded.decoder.answer, whole):
        assert answer.parts.parts()[-1].tool_call.name == "f"
        assert answer.finish_reason == pb.FINISH_REASON_TOOL_CALLS


def test_a_custom_call_beside_a_function_call_waits_without_being_the_reason() -> None:
    calls = [
        {"id": "a", "type": "custom", "custom": {"name": "x", "input": "1"}},
        {"id": "b", "type": "function", "function": {"name": "f", "arguments": "{}"}},
    ]
    answer = decode({"tool_calls": calls})
    kinds = [part.WhichOneof("kind") for part in answer.parts.parts()]
    assert kinds == ["text", "provider_block", "tool_call"]
    assert answer.finish_reason == pb.FINISH_REASON_TOOL_CALLS


@pytest.mark.parametrize(
    "choice",
    [
        {"delta": {"annotations": [{"type": "x" * 1000}]}},
        {"delta": {"executed_tools": [{"type": "search", "output": "x" * 1000}]}},
        {"delta": {"content": "a"}, "logprobs": {"content": [{"token": "x" * 1000}]}},
    ],
)
def test_what_waits_for_the_end_counts_towards_the_bound_of_an_answer(
    choice: dict[str, Any],
) -> None:
    decoder = OpenAIDialect(ROWS["openai"]).decoder(1 << 20)
    decoder.feed(b"data: " + json.dumps({**HEAD, "choices": [choice]}).encode() + b"\n\n")
    assert decoder.answer.parts.size() > 1000
