"""What of an item has no field in the contract: kept in the signature, and put back.

The signature's `extra` holds the fields that neither the part nor the signature has, as
they came, such as `phase`, `caller` and `namespace`. Fields with their usual value are
not kept, but are written again. What a piece of the item has beside its text, or in its
place, is an object in it, under a name that no provider has.
"""

from __future__ import annotations

from typing import Any

import msgspec
from msgspec import Raw

from llmrpc_server.providers.openai_family.fields import Fields, is_text, object_of, read_fields

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
_EMPTY = (b"null", b"[]")
_PIECE = "$piece"
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


def write_extra(fields: Fields, piece: Fields) -> str:
    """Both as the signature keeps them; empty if there are none."""
    kept: dict[str, Any] = {**fields, _PIECE: piece} if piece else fields
    return msgspec.json.encode(kept).decode(errors="replace") if kept else ""


def take_piece(extra: Fields) -> Fields:
    """Takes the fields of a piece out of those that a signature kept."""
    piece = extra.pop(_PIECE, None)
    return {} if piece is None else object_of(piece)


def restore(kind: str, id: str, extra: Fields) -> dict[str, Any]:
    """An item as it was, except what its parts hold."""
    item: dict[str, Any] = {"type": kind}
    if id:
        item["id"] = id
    usual = {name: Raw(value) for name, value in _USUAL[kind].items()}
    return {**item, **usual, **extra}


def _is_empty(kind: str, name: str, value: Raw) -> bool:
    """Whether a field of reasoning is there without giving a part."""
    return kind == "reasoning" and name != "summary" and bytes(value) in _EMPTY
