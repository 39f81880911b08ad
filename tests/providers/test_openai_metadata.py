"""What Chat Completions says of an answer as a whole is kept as metadata."""

from __future__ import annotations

import json
from typing import Any

import pytest

from llmrpc_server.providers.openai import OpenAIDialect
from llmrpc_server.providers.registry import ROWS
from tests.providers.chat import HEAD, chunk, fold, metadata

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
