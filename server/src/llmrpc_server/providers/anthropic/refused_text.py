"""Texts and thoughts that the API refuses where they stand.

A text must not be blank, a message of the assistant must not end with a thought, and the
conversation must not end with a blank that the assistant wrote: the model writes that by
itself. All of it comes in the API's own answers. Sources:
https://platform.claude.com/docs/en/api/messages/create,
https://github.com/tailcallhq/forgecode/issues/2107,
https://github.com/crewAIInc/crewAI/issues/4538
"""

from __future__ import annotations

from typing import Any

import msgspec

from llmrpc_server.providers.anthropic.quirks import AnthropicTarget
from llmrpc_server.providers.kept_json import string
from llmrpc_server.providers.turns import Turn

_THOUGHTS = ("thinking", "redacted_thinking")


def type_of(block: dict[str, Any]) -> str:
    """The type of a block, which may be as the provider wrote it."""
    kind = block["type"]
    return string(kind) if isinstance(kind, msgspec.Raw) else str(kind)


def without_refused(turns: list[Turn], target: AnthropicTarget) -> list[Turn]:
    """The turns that are sent; neighbours of one role are one turn again."""
    found: list[Turn] = []
    for index, turn in enumerate(turns):
        pieces = [piece for piece in turn.pieces if not is_blank(piece)]
        if len(pieces) < len(turn.pieces):
            target.findings.drop(turn.field, "blank text")
        if turn.role == "assistant":
            if index == len(turns) - 1:
                _strip_end(pieces, turn, target)
            _drop_thoughts(pieces, turn, target)
        if not pieces:
            continue
        if found and found[-1].role == turn.role:
            found[-1].pieces.extend(pieces)
        else:
            found.append(Turn(turn.role, pieces, turn.field))
    return found


def is_blank(block: dict[str, Any]) -> bool:
    """Whether a block is a text of nothing but blanks."""
    return type_of(block) == "text" and not block["text"].strip()


def _strip_end(pieces: list[dict[str, Any]], turn: Turn, target: AnthropicTarget) -> None:
    if not pieces or type_of(pieces[-1]) != "text":
        return
    text = pieces[-1]["text"]
    if text != text.rstrip():
        pieces[-1] = {**pieces[-1], "text": text.rstrip()}
        target.findings.warn(
            turn.field, f"{target.row.name} does not accept blanks at the end of a prefix; cut off"
        )


def _drop_thoughts(pieces: list[dict[str, Any]], turn: Turn, target: AnthropicTarget) -> None:
    before = len(pieces)
    while pieces and type_of(pieces[-1]) in _THOUGHTS:
        pieces.pop()
    if len(pieces) < before:
        target.findings.drop(turn.field, "a thought at the end of a message")
