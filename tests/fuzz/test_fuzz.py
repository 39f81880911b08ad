"""A short run of the fuzzer, always the same, and what it finds where something is broken."""

from __future__ import annotations

import json
from typing import Any

import pytest

from llmrpc.answer import AnswerBuilder
from llmrpc_server.providers.sse import EventDecoder
from tests.fuzz.laws import BOOKKEEPING, is_bookkeeping
from tests.fuzz.mutate import dotted, parsed, paths, written
from tests.fuzz.run import fuzz, streams

RUNS = 600
DIALECT = pytest.mark.parametrize("dialect", sorted(BOOKKEEPING))


def kinds(dialect: str, runs: int = RUNS, seed: int = 7) -> list[str]:
    return sorted(fuzz(dialect, seed, lambda done: done < runs).kinds)


@DIALECT
def test_odd_answers_break_no_law(dialect: str) -> None:
    assert kinds(dialect) == []


@DIALECT
def test_lost_text_is_found(dialect: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A reader that forgets what it tells is told apart from one that does not."""
    take = AnswerBuilder.take

    def forgetful(builder: AnswerBuilder) -> Any:
        return take(builder)[1:]

    monkeypatch.setattr(AnswerBuilder, "take", forgetful)
    assert any(kind.startswith("the deltas do not add up") for kind in kinds(dialect, 40))


@DIALECT
def test_an_unforeseen_exception_is_found(dialect: str, monkeypatch: pytest.MonkeyPatch) -> None:
    feed = EventDecoder.feed

    def breaks(decoder: EventDecoder, data: bytes) -> Any:
        if b"14417.92" in data:
            raise KeyError("no")
        return feed(decoder, data)

    monkeypatch.setattr(EventDecoder, "feed", breaks)
    assert any(kind.startswith("KeyError") for kind in kinds(dialect, 400))


@DIALECT
def test_every_dialect_has_bookkeeping_and_content_in_its_streams(dialect: str) -> None:
    places = {
        dotted(path)
        for case in streams(dialect)
        for _, payload in parsed(case.stream())
        for path in paths(payload)
    }
    told = {place for place in places if is_bookkeeping(dialect, place)}
    assert len(told) > 5
    assert len(places - told) > 5


@DIALECT
def test_a_stream_that_is_written_again_says_the_same(dialect: str) -> None:
    for case in streams(dialect):
        events = parsed(case.stream())
        assert [json.dumps(payload) for _, payload in parsed(written(events))] == [
            json.dumps(payload) for _, payload in events
        ]
