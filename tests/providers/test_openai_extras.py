"""What an answer of Chat Completions holds beside text and calls, also where it is odd."""

from __future__ import annotations

import json
from typing import Any

import pytest
from google.protobuf import json_format

from llmrpc import v1 as pb
from llmrpc_server.providers.dialect import Answer
from llmrpc_server.providers.openai import OpenAIDialect
from llmrpc_server.providers.registry import ROWS
from tests.providers.chat import HEAD, chunk, fold

CITED = {"type": "url_citation", "url_citation": {"url": "u", "start_index": 0, "end_index": 2}}


def decode(message: dict[str, Any], provider: str = "openai", **more: Any) -> Answer:
    choice = {"index": 0, "message": {"content": "Hi", **message}, "finish_reason": "stop"}
    body = json.dumps({**HEAD, "choices": [choice], **more}).encode()
    return OpenAIDialect(ROWS[provider]).decode(body)


def warned(answer: Answer) -> list[str]:
    return [warning.field for warning in answer.warnings]


def metadata(answer: Answer) -> dict[str, Any]:
    found: dict[str, Any] = json_format.MessageToDict(
        pb.LLMResponse(provider_metadata=answer.metadata)
    ).get("providerMetadata", {})
    return found


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


@pytest.mark.parametrize(
    ("start", "end", "held"),
    [
        (0, 2, True),
        (0, 3, False),
        (-1, 2, False),
        (1, 1, False),
        ("0", "2", False),
        (None, 2, False),
    ],
)
def test_a_span_outside_of_the_text_is_left_out(start: Any, end: Any, held: bool) -> None:
    cited = {"type": "url_citation", "url_citation": {"start_index": start, "end_index": end}}
    answer = decode({"annotations": [cited]})
    (part,) = answer.parts.parts()
    (annotation,) = part.annotations
    assert (annotation.HasField("start_index"), annotation.HasField("end_index")) == (held, held)
    assert json.loads(annotation.data) == cited
    assert warned(answer) == ([] if held or start == end else ["message.annotations"])


def pieces(*content: str) -> list[dict[str, str]]:
    """Content with a block behind each text."""
    found = []
    for text in content:
        found += [{"type": "text", "text": text}, {"type": "reference", "of": text}]
    return found


def test_a_span_of_several_texts_is_that_of_the_part_that_it_is_in() -> None:
    spans = [(0, 2), (3, 5), (2, 4), (7, 9), (8, 9), (9, 10)]
    cited = [
        {"type": "url_citation", "url_citation": {"url": f"{start}", "start_index": start,
                                                  "end_index": end}}
        for start, end in spans
    ]  # fmt: skip
    message = {"content": pieces("🌲bc", "defg", "hi"), "annotations": cited}
    whole = decode(message, "mistral")
    streamed = fold(chunk(message), chunk({}, "stop"), provider="mistral").decoder.answer
    for answer in (whole, streamed):
        texts = [part for part in answer.parts.parts() if part.HasField("text")]
        found = [
            (each.url, part.text[each.start_index : each.end_index])
            for part in texts
            for each in part.annotations
        ]
        assert found == [("0", "🌲b"), ("2", ""), ("3", "de"), ("7", "hi"), ("8", "i"), ("9", "")]
        assert warned(answer) == ["message.annotations"]


def test_a_chunk_behind_the_finish_reason_tells_no_source_again() -> None:
    source: dict[str, Any] = {"citations": ["u"], "search_results": [{"url": "u", "title": "t"}]}
    used = {"prompt_tokens": 1, "completion_tokens": 1}
    end = b"data: " + json.dumps({**HEAD, "choices": [], "usage": used, **source}).encode()
    folded = fold(
        chunk({"content": "a"}, **source), chunk({}, "stop", **source), end + b"\n\n",
        provider="perplexity",
    )  # fmt: skip
    (part,) = folded.response().message.parts
    assert [each.url for each in part.annotations] == ["u"]


BESIDE: dict[str, Any] = {
    "related_questions": ["q"], "videos": [{"url": "v"}], "images": [{"url": "i"}],
    "moderation": {"a": [1]}, "mcp_list_tools": [{"a": 1}], "usage_breakdown": {"models": [1]},
    "prompt_filter_results": [{"a": 1}],
}  # fmt: skip


@pytest.mark.parametrize("name", BESIDE)
def test_what_stands_beside_a_piece_of_text_is_kept(name: str) -> None:
    folded = fold(
        chunk({"content": "a"}), chunk({"content": "b"}, **{name: BESIDE[name]}),
        chunk({"content": "c"}), chunk({}, "stop"), provider="perplexity",
    )  # fmt: skip
    answer = folded.decoder.answer
    assert answer.parts.content() == "abc"
    assert metadata(answer) == {f"perplexity.{name}": BESIDE[name]}


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


@pytest.mark.parametrize(
    ("citations", "results", "found"),
    [
        (["a", "b", "a"], [], [("a", "[1]"), ("b", "[2]")]),
        (["a", "a", "b"], [], [("a", "[1]"), ("b", "[3]")]),
        ([], [{"url": "a"}, {"url": "b"}], [("a", "[1]"), ("b", "[2]")]),
        (["b"], [{"url": "a"}, {"url": "b"}], [("b", "[1]"), ("a", "")]),
        (None, [{"url": "a"}], [("a", "[1]")]),
    ],
)
def test_every_source_is_told_once_by_the_number_in_the_text(
    citations: Any, results: Any, found: list[tuple[str, str]]
) -> None:
    answer = decode({}, "perplexity", citations=citations, search_results=results)
    (part,) = answer.parts.parts()
    assert [(each.url, each.label) for each in part.annotations] == found


@pytest.mark.parametrize(
    ("content", "citations"), [("", ["a"]), ("Hi", [{"odd": 1}]), ("Hi", {"odd": 1})]
)
def test_sources_without_a_place_are_metadata(content: str, citations: Any) -> None:
    answer = decode({"content": content}, "perplexity", citations=citations)
    assert metadata(answer) == {"perplexity.citations": citations}


def test_results_of_a_filter_are_kept_at_their_worst() -> None:
    def filtered(text: str, finish: str | None = None, **found: Any) -> bytes:
        choice = {"index": 0, "delta": {"content": text}, "finish_reason": finish}
        choice["content_filter_results"] = found
        return b"data: " + json.dumps({**HEAD, "choices": [choice]}).encode() + b"\n\n"

    safe, low, high = ({"filtered": False, "severity": each} for each in ("safe", "low", "high"))
    found = {"detected": True, "filtered": False}
    folded = fold(
        filtered("a", hate=safe), filtered("b", hate=high, violence=low), filtered("c", hate=low),
        filtered("d", hate=safe, protected_material_text=found), filtered("", "stop"),
        provider="azure",
    )  # fmt: skip
    assert folded.decoder.answer.parts.content() == "abcd"
    assert metadata(folded.decoder.answer)["azure.content_filter_results"] == {
        "hate": high,
        "violence": low,
        "protected_material_text": found,
    }


def test_a_moderation_and_a_stop_text_are_metadata() -> None:
    moderation = {"input": {"type": "moderation_results", "results": []}}
    choice = {"index": 0, "message": {"content": "a"}, "finish_reason": "stop", "stop_reason": "X"}
    body = json.dumps({**HEAD, "choices": [choice], "moderation": moderation}).encode()
    answer = OpenAIDialect(ROWS["vllm"]).decode(body)
    assert metadata(answer) == {"vllm.moderation": moderation, "vllm.stop_reason": "X"}


def test_what_a_later_chunk_says_nothing_of_is_kept() -> None:
    folded = fold(
        chunk({"content": "a"}, system_fingerprint="fp"),
        chunk({}, "stop", system_fingerprint=None),
    )
    assert metadata(folded.decoder.answer) == {"openai.system_fingerprint": "fp"}


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
