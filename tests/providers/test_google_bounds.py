"""What Gemini makes the gateway hold is counted, and its sources cost what they weigh."""

from __future__ import annotations

import json
from typing import Any

import pytest

from llmrpc import v1 as pb
from llmrpc_server.providers.google import spans
from llmrpc_server.providers.options import plain
from tests.providers.gemini_answers import body, fold, grounded, read
from tests.providers.generate_content import GOOGLE
from tests.providers.golden import MAX_EVENT, Folded

LONG = "x" * 50_000
WEB = {"web": {"uri": "https://a.example/", "title": "A"}}


def beside(**fields: Any) -> dict[str, Any]:
    """A chunk with fields of its candidate, which is not the last one."""
    said = body({"text": "a"})
    said["candidates"][0] |= fields
    return said


@pytest.mark.parametrize(
    "chunk",
    [
        body({"text": "a", "thoughtSignature": LONG}),
        body({"text": "a", "ofTomorrow": LONG}),
        body({"functionCall": {"name": "f", "args": {}, "ofTomorrow": LONG}}),
        body({"text": "a", "functionCall": {"name": "f", "args": {}}, "inlineData": LONG}),
        body({"ofTomorrow": LONG}),
        body({"text": "a"}, ofTomorrow=LONG),
        body({"text": "a"}, modelStatus={"a": LONG}),
        body({"text": "a"}, promptFeedback={"a": LONG}),
        body({"text": "a"}, usageMetadata={"billedToolCalls": [{"tool": LONG}]}),
        body({"text": "a"}, usageMetadata={"ofTomorrow": LONG}),
        beside(ofTomorrow=LONG),
        beside(safetyRatings=[LONG]),
        beside(groundingMetadata={"groundingChunks": [{"web": {"title": LONG}}]}),
        beside(groundingMetadata={"webSearchQueries": [LONG]}),
        beside(groundingMetadata=[LONG]),
        beside(citationMetadata={"citations": [{"title": LONG}]}),
        beside(content={"parts": [], "ofTomorrow": LONG}),
    ],
)
def test_what_is_held_is_counted(chunk: dict[str, Any]) -> None:
    """The gateway bounds a call by this size, long before an answer ends."""
    folded = Folded(GOOGLE.decoder(MAX_EVENT))
    for times in (1, 2):
        folded.feed(b"data: " + json.dumps(chunk).encode() + b"\r\n\r\n")
        size = folded.decoder.answer.parts.size()
        assert len(LONG) <= size < times * (len(LONG) * 2 + 1000)


def test_parts_without_content_are_counted_too() -> None:
    folded = Folded(GOOGLE.decoder(MAX_EVENT))
    for _ in range(10):
        chunk = body(*[{"text": ""}] * 1000)
        folded.feed(b"data: " + json.dumps(chunk).encode() + b"\r\n\r\n")
    assert folded.decoder.answer.parts.parts() == []
    assert folded.decoder.answer.parts.size() >= 10_000


def test_what_became_a_part_is_counted_once() -> None:
    chunks = {"groundingChunks": [{"web": {"title": "y", "x": LONG}}], "webSearchQueries": ["q"]}
    answer = fold(grounded(chunks, {"text": "a"})).decoder.answer
    assert len(LONG) <= answer.parts.size() < len(LONG) + 1000


def size(answer: pb.LLMResponse) -> int:
    return sum(each.ByteSize() for part in answer.message.parts for each in part.annotations)


def one_of_many(count: int) -> dict[str, Any]:
    """A support that names many sources."""
    support = {
        "segment": {"endIndex": 4},
        "groundingChunkIndices": list(range(count)),
        "confidenceScores": [at / count for at in range(count)],
    }
    return {"groundingChunks": [WEB] * count, "groundingSupports": [support]}


def test_a_support_of_many_sources_costs_what_it_weighs() -> None:
    small, large = (read(grounded(one_of_many(n), {"text": "abcd"})) for n in (200, 400))
    assert len(large.message.parts[0].annotations) == 400
    assert size(large) < 2.2 * size(small)
    last = json.loads(large.message.parts[0].annotations[399].data)
    assert last["groundingSupport"] == {
        "segment": {"endIndex": 4}, "groundingChunkIndices": [399], "confidenceScores": [399 / 400],
    }  # fmt: skip
    assert not large.warnings


@pytest.mark.parametrize("score", [[0.5], "no", None, {"a": 1}])
def test_scores_that_are_not_one_for_each_source_stay_whole(score: Any) -> None:
    metadata = one_of_many(2)
    metadata["groundingSupports"][0]["confidenceScores"] = score
    answer = read(grounded(metadata, {"text": "abcd"}))
    for index, each in enumerate(answer.message.parts[0].annotations):
        support = json.loads(each.data)["groundingSupport"]
        assert support["confidenceScores"] == score
        assert support["groundingChunkIndices"] == [index]


LETTERS = "y" * 100_000
HUGE = {
    "a long source of many supports": (
        {"groundingChunks": [{"web": {"title": LETTERS}}],
         "groundingSupports": [{"segment": {"endIndex": 1}, "groundingChunkIndices": [0]}] * 2000},
        [{"text": "abcd"}],
    ),
    "a long stretch of many sources": (
        {"groundingChunks": [WEB] * 3000,
         "groundingSupports": [{"segment": {"endIndex": 100_000, "text": LETTERS},
                                "groundingChunkIndices": list(range(3000))}]},
        [{"text": LETTERS}],
    ),
    "a stretch of many parts": (
        {"groundingChunks": [WEB],
         "groundingSupports": [{"segment": {"endIndex": 3000}, "groundingChunkIndices": [0]}] * 99},
        [{"text": "y"}] * 3000,
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", HUGE)
def test_sources_cannot_grow_without_bounds(name: str) -> None:
    metadata, parts = HUGE[name]
    answer = read(grounded(metadata, *parts))
    assert 0 < size(answer) <= (1 << 18) + 4 * len(json.dumps(metadata))
    assert [each.field for each in answer.warnings] == ["message.parts.annotations"]
    found = answer.provider_metadata
    assert plain(found["google.grounding_chunks"]) == metadata["groundingChunks"]
    assert plain(found["google.grounding_supports"]) == metadata["groundingSupports"]


def spread(supports: int) -> tuple[spans.Texts, list[spans.Segment]]:
    """A long answer in many parts, and as many stretches of it."""
    word = "größer "
    texts = [(at, word) for at in range(supports)]
    width = len(word.encode())
    segments = [
        spans.Segment(None, at * width, at * width + width - 1, word[:-1]) for at in range(supports)
    ]
    return spans.Texts(texts, [key for key, _ in texts]), segments


class Counted(bytes):
    """Bytes that count how many of them are looked at."""

    looked = 0

    def __getitem__(self, at: Any) -> Any:
        found = super().__getitem__(at)
        Counted.looked += len(found) if isinstance(found, bytes) else 1
        return found


@pytest.mark.parametrize("named", [True, False])
def test_a_stretch_costs_no_more_in_a_long_answer(named: bool) -> None:
    def cost(supports: int) -> int:
        texts, segments = spread(supports)
        texts._written = Counted(texts._written)
        Counted.looked = 0
        for at, segment in enumerate(segments):
            own = spans.Segment(at, 0, len("größer".encode()), segment.text)
            found = texts.find(own if named else segment)
            assert found is not None
            assert list(texts.spans(*found)) == [(at, 0, 6)]
        return Counted.looked

    assert 0 < cost(4000) < 2.2 * cost(2000)


def test_a_stretch_that_is_far_away_is_not_found() -> None:
    """Else each stretch could cost a look through the whole answer."""
    texts = spans.Texts([(1, "x" * 100_000 + "there" + "x" * 16_000)], [1])
    assert texts.find(spans.Segment(None, 0, 5, "there")) is None
    for told in (100_000 - spans._DRIFT, 100_000 + spans._DRIFT):
        assert texts.find(spans.Segment(None, told, told + 5, "there")) == (100_000, 100_005)


def test_what_comes_after_the_finish_reason_costs_no_look_through_the_answer(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    joined = 0

    def counted(self: Any, texts: Any, pieces: Any, init: Any = spans.Texts.__init__) -> None:
        nonlocal joined
        joined += 1
        init(self, texts, pieces)

    monkeypatch.setattr(spans.Texts, "__init__", counted)
    metadata = {"groundingChunks": [WEB]}
    answer = fold(*[grounded(metadata, {"text": "a"}) for _ in range(50)]).response()
    assert answer.content == "a" * 50
    assert len(answer.message.parts[0].annotations) == 1
    assert joined == 2
