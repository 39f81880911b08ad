"""Sources of Gemini's answers: which stretch of which part each one supports."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from llmrpc import v1 as pb
from llmrpc_server.providers.options import plain
from tests.providers.gemini_answers import body, fold, grounded, read

WEB = {"web": {"uri": "https://a.example/", "title": "A"}}
MAPS = {"maps": {"uri": "https://b.example/", "title": "B", "text": "Open."}}


def support(*chunks: int, **segment: Any) -> dict[str, Any]:
    return {"segment": segment, "groundingChunkIndices": list(chunks)}


def sourced(*supports: dict[str, Any], chunks: Any = (WEB,)) -> dict[str, Any]:
    return {"groundingChunks": list(chunks), "groundingSupports": list(supports)}


def spans(answer: pb.LLMResponse) -> list[tuple[int, str | None]]:
    """The part of each annotation and the text that it spans; None for one without a span."""
    return [
        (index, part.text[each.start_index : each.end_index] if each.end_index else None)
        for index, part in enumerate(answer.message.parts)
        for each in part.annotations
    ]


def test_bytes_of_the_whole_text_become_code_points_of_its_parts() -> None:
    parts = [
        {"text": "Hm.", "thought": True},
        {"text": "Größe"},
        {"toolCall": {"id": "1"}},
        {"text": " ist 🏟️ alles."},
    ]
    at = len("Größe ist ".encode())
    metadata = sourced(
        support(0, endIndex=7, text="Größe"),
        support(0, startIndex=at, endIndex=at + len("🏟️".encode()), text="🏟️"),
        support(0, startIndex=4, endIndex=11, text="ße ist"),
    )
    answer = read(grounded(metadata, *parts))
    assert spans(answer) == [(1, "Größe"), (1, "ße"), (3, "🏟️"), (3, " ist")]
    assert not answer.warnings


def test_a_part_that_is_named_counts_from_its_own_start() -> None:
    parts = [{"text": "Hm.", "thought": True}, {"text": "One. "}, {"text": "Two."}]
    segment = {"partIndex": 2, "startIndex": 0, "endIndex": 3, "text": "Two"}
    assert spans(read(grounded(sourced(support(0, **segment)), *parts))) == [(2, "Two")]
    del segment["text"]
    assert spans(read(grounded(sourced(support(0, **segment)), *parts))) == [(2, "Two")]


@pytest.mark.parametrize(
    ("start", "end", "text", "span"),
    [
        (12, 18, "again", "again"),
        (99, 120, "end", "end"),
        (0, 3, "nowhere", None),
        (0, 99, "", None),
        (3, 3, "", None),
        (-5, 2, "", None),
        (0, 3, "", "say"),
    ],
)
def test_a_place_that_is_off_is_corrected_by_its_text_or_not_told(
    start: int, end: int, text: str, span: str | None
) -> None:
    """The service's own offsets drift by some bytes in long answers."""
    segment = {"startIndex": start, "endIndex": end, "text": text}
    answer = read(grounded(sourced(support(0, **segment)), {"text": "say it again, to the end"}))
    assert spans(answer) == [(0, span)]


def test_of_equal_texts_the_nearest_to_the_told_place_is_meant() -> None:
    said = {"text": "yes and yes and yes"}
    for start, at in ((0, 0), (6, 8), (10, 8), (17, 16)):
        segment = {"startIndex": start, "endIndex": start + 3, "text": "yes"}
        [part] = read(grounded(sourced(support(0, **segment)), said)).message.parts
        assert part.annotations[0].start_index == at


def test_an_offset_inside_a_character_is_no_place() -> None:
    segment = {"startIndex": 1, "endIndex": 3}
    assert spans(read(grounded(sourced(support(0, **segment)), {"text": "öä"}))) == [(0, None)]


def test_every_pair_of_a_span_and_a_source_is_an_annotation() -> None:
    metadata = sourced(
        support(1, 0, endIndex=1, text="a"), support(0, startIndex=2, endIndex=3, text="b"),
        chunks=[WEB, MAPS],
    )  # fmt: skip
    [part] = read(grounded(metadata, {"text": "a b"})).message.parts
    assert [(each.type, each.start_index) for each in part.annotations] == [
        ("maps", 0), ("web", 0), ("web", 2),
    ]  # fmt: skip
    assert part.annotations[0].quote == "Open."


def test_a_source_of_nothing_in_particular_goes_to_the_last_text_that_has_letters() -> None:
    parts = [{"text": "a"}, {"text": "b"}, {"text": "", "thoughtSignature": "s"}]
    assert spans(read(grounded({"groundingChunks": [WEB]}, *parts))) == [(1, None)]


def test_sources_of_an_answer_without_text_are_metadata() -> None:
    image = {"inlineData": {"mimeType": "image/png", "data": "iVBORw=="}}
    answer = read(grounded({"groundingChunks": [WEB]}, image))
    assert plain(answer.provider_metadata["google.grounding_chunks"]) == [WEB]
    assert not answer.message.parts[0].annotations


@pytest.mark.parametrize(
    "metadata",
    [
        {"groundingChunks": [{"web": 5}, WEB], "groundingSupports": [support(1, endIndex=1)]},
        {"groundingChunks": ["no", WEB], "groundingSupports": [support(1, endIndex=1)]},
        {"groundingChunks": [{}, WEB], "groundingSupports": [support(1, endIndex=1)]},
        {"groundingChunks": [WEB], "groundingSupports": [5, support(0, endIndex=1)]},
        {"groundingChunks": [WEB], "groundingSupports": [support(9, -1, 0, endIndex=1)]},
    ],
)
def test_a_source_that_cannot_be_read_costs_nothing_but_itself(metadata: dict[str, Any]) -> None:
    answer = read(grounded(metadata, {"text": "a"}))
    assert spans(answer) == [(0, "a")]
    assert [each.field for each in answer.warnings] == ["message.parts.annotations"]


@pytest.mark.parametrize("metadata", [{"groundingChunks": 5}, {"groundingSupports": "no"}])
def test_sources_that_cannot_be_read_do_not_cost_the_answer(metadata: dict[str, Any]) -> None:
    answer = read(grounded(metadata, {"text": "a"}))
    assert answer.content == "a"
    assert [each.field for each in answer.warnings] == ["message.parts.annotations"]


def test_metadata_that_is_no_object_is_kept_as_it_is() -> None:
    answer = read(grounded([1], {"text": "a"}))
    assert plain(answer.provider_metadata["google.grounding_metadata"]) == [1]


@pytest.mark.parametrize("sources", [5, {"citationSources": 5}, {"citationSources": [5]}])
def test_citations_that_cannot_be_read_do_not_cost_the_answer(sources: Any) -> None:
    said = body({"text": "a"}, finish="STOP")
    said["candidates"][0]["citationMetadata"] = sources
    answer = read(said)
    assert answer.content == "a"
    assert [each.field for each in answer.warnings] == ["message.parts.annotations"]


def test_what_a_stream_repeats_is_one_annotation() -> None:
    metadata = sourced(support(0, endIndex=1, text="a"))
    first = body({"text": "a"})
    first["candidates"][0]["groundingMetadata"] = metadata
    answer = fold(first, grounded(metadata, {"text": "b"}), grounded(metadata)).response()
    assert spans(answer) == [(0, "a")]


def test_an_annotation_waits_for_the_text_that_it_spans() -> None:
    first = body({"text": "It is "})
    first["candidates"][0]["groundingMetadata"] = sourced(
        support(0, startIndex=6, endIndex=10, text="true")
    )
    assert spans(fold(first, body({"text": "true."}, finish="STOP")).response()) == [(0, "true")]


@given(st.lists(st.text(max_size=6), min_size=1, max_size=4), st.data())
def test_any_stretch_of_any_text_is_found_again(pieces: list[str], data: st.DataObject) -> None:
    whole = "".join(pieces)
    start = data.draw(st.integers(0, len(whole)))
    end = data.draw(st.integers(start, len(whole)))
    segment: dict[str, Any] = {
        "startIndex": len(whole[:start].encode()), "endIndex": len(whole[:end].encode()),
    }  # fmt: skip
    if data.draw(st.booleans()):
        segment["text"] = whole[start:end]
    answer = read(grounded(sourced(support(0, **segment)), *({"text": each} for each in pieces)))
    found = [text for _, text in spans(answer) if text is not None]
    assert "".join(found) == whole[start:end]
