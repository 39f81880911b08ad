"""Warnings of an answer: each once, and never more than a reader takes in."""

from __future__ import annotations

from llmrpc_server.providers.dialect import Answer


def test_a_warning_is_told_once() -> None:
    answer = Answer()
    for _ in range(3):
        answer.warn("message", "sent what is unknown")
    assert [warning.message for warning in answer.warnings] == ["sent what is unknown"]


def test_a_provider_cannot_fill_the_memory_with_warnings() -> None:
    answer = Answer()
    for number in range(1000):
        answer.warn("message", f"{number} " + "x" * 10_000)
    assert len(answer.warnings) == 32
    assert all(len(warning.message) < 210 for warning in answer.warnings)


def test_metadata_counts_as_held() -> None:
    answer = Answer()
    answer.note("acme", "ratings", ["x" * 1000])
    assert answer.parts.size() > 1000
