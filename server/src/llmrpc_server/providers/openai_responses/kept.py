"""What of an item has no field in the contract: kept in the signature, and put back.

The signature's `extra` holds the fields that neither the part nor the signature has, as
they came, such as `phase`, `caller` and `namespace`. Fields with their usual value are
not kept, but are written again. What a piece of the item has beside its text, or in its
place, is an object in it, under a name that no provider has; a piece that came after
those that it precedes has its number there.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, TypeVar

import msgspec
from msgspec import Raw

from llmrpc_server.providers.kept_json import NOTHING, Fields, read_fields
from llmrpc_server.providers.openai_family.fields import integer_of, is_text, object_of

T = TypeVar("T")
_HELD = {
    "message": frozenset({"type", "id", "content"}),
    "reasoning": frozenset({"type", "id", "summary", "content", "encrypted_content"}),
    "function_call": frozenset({"type", "id", "call_id", "name", "arguments"}),
    "image_generation_call": frozenset({"type", "id", "result"}),
}
"""Fields that are elsewhere: in parts, or in other fields of the signature."""
_USUAL = {
    "message": {"role": b'"assistant"', "status": b'"completed"'},
    "reasoning": {},
    "function_call": {"status": b'"completed"'},
    "image_generation_call": {"status": b'"completed"'},
}
_FIXED = frozenset({"role"})
"""Fields that have their usual value in every item that goes back."""
_MAY_BE_EMPTY = ("content", "encrypted_content")
_EMPTY = (b"null", b"[]")
_PIECE = "$piece"
_NUMBER = "$number"
_TEXTS = ("text", "refusal")
_OF_A_TEXT = frozenset({"annotations", "logprobs"})
"""Fields of a piece that are annotations and metadata."""


def extra_of(kind: str, raw: Raw) -> Fields:
    """The fields of an item that only `extra` has."""
    held, usual = _HELD[kind], _USUAL[kind]
    return {
        name: value
        for name, value in read_fields(raw).items()
        if (bytes(value) != usual.get(name) if name not in held else _is_empty(kind, name, value))
    }


def unusual(raw: Raw, kind: str, text: str = "text") -> Fields:
    """The fields of a piece beside its text, where its type is this one."""
    usual = b'"' + kind.encode() + b'"'
    return {
        name: value
        for name, value in read_fields(raw).items()
        if name not in _OF_A_TEXT
        and not (name == "type" and bytes(value) == usual)
        and not (name == text and is_text(value))
    }


def late(begun: Sequence[int]) -> list[bool]:
    """Which pieces began after one that they precede, by when each began."""
    found, first = [], max(begun, default=0)
    for when in reversed(begun):
        found.append(when > first)
        first = min(first, when)
    return found[::-1]


def write_extra(fields: Fields, piece: Fields, number: int | None = None) -> str:
    """All as the signature keeps it; empty if there is nothing.

    The number is that of a piece that came late.
    """
    if number is not None:
        piece = {**piece, _NUMBER: Raw(str(number).encode())}
    kept: dict[str, Any] = {**fields, _PIECE: piece} if piece else fields
    return msgspec.json.encode(kept).decode(errors="replace") if kept else ""


def take_piece(extra: Fields) -> tuple[Fields, int | None]:
    """Takes the fields and the number of a piece out of what a signature kept."""
    piece = object_of(extra.pop(_PIECE, NOTHING))
    return piece, integer_of(piece.pop(_NUMBER, NOTHING))


def in_order(pieces: Iterable[tuple[T, int | None]]) -> list[T]:
    """The pieces; those with a number stand where it says, if there are so many."""
    listed = list(pieces)
    numbered = {number: piece for piece, number in listed if number is not None}
    others = iter([piece for piece, number in listed if number is None])
    ordered = []
    for place in range(len(listed)):
        if place in numbered:
            ordered.append(numbered.pop(place))
        elif (piece := next(others, None)) is not None:
            ordered.append(piece)
    return [*ordered, *others, *numbered.values()]


def restore(kind: str, id: str, extra: Fields) -> dict[str, Any]:
    """An item as it was, except what its parts hold, which `extra` does not replace."""
    item: dict[str, Any] = {"type": kind}
    if id:
        item["id"] = id
    usual = {name: Raw(value) for name, value in _USUAL[kind].items()}
    held = _HELD[kind]
    kept = {
        name: value
        for name, value in extra.items()
        if name not in _FIXED and (name not in held or _is_empty(kind, name, value))
    }
    return {**item, **usual, **kept}


def restore_piece(piece: dict[str, Any], more: Fields) -> dict[str, Any]:
    """A piece of an item as it was; no text that `more` has replaces its own."""
    held = {*_OF_A_TEXT, *(name for name in _TEXTS if piece.get(name))}
    return {**piece, **{name: value for name, value in more.items() if name not in held}}


def _is_empty(kind: str, name: str, value: Raw) -> bool:
    """Whether a field of reasoning is there without giving a part."""
    return kind == "reasoning" and name in _MAY_BE_EMPTY and bytes(value) in _EMPTY
