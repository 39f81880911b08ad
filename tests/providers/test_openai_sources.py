"""Sources that an answer of Chat Completions cites, and their spans in its texts."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.providers.chat import HEAD, chunk, decode, fold, metadata, warned


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
