"""What of an item has no field in the contract: kept in the signature, and put back.

The signature's `extra` holds the fields that neither the part nor the signature has, as
they came, such as `phase`, `caller` and `namespace`. Fields with their usual value are
not kept, but are written again.
"""

from __future__ import annotations

from typing import Any

import msgspec

from llmrpc import v1 as pb
from llmrpc_server.providers.openai_responses import wire

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


def extra_of(kind: str, raw: msgspec.Raw) -> str:
    """The fields of an item that only `extra` has, as a JSON object; empty if there are none."""
    held, usual = _HELD[kind], _USUAL[kind]
    kept = {
        name: value
        for name, value in wire.read_fields(raw).items()
        if (bytes(value) != usual.get(name) if name not in held else _is_empty(kind, name, value))
    }
    return msgspec.json.encode(kept).decode() if kept else ""


def restore(kind: str, signature: pb.Signature) -> dict[str, Any]:
    """An item as it was, but for what its parts hold."""
    item: dict[str, Any] = {"type": kind}
    if signature.id:
        item["id"] = signature.id
    item |= {name: msgspec.Raw(value) for name, value in _USUAL[kind].items()}
    if signature.extra:
        item |= wire.read_fields(signature.extra)
    return item


def _is_empty(kind: str, name: str, value: msgspec.Raw) -> bool:
    """Whether a field of reasoning is there without giving a part."""
    return kind == "reasoning" and name != "summary" and bytes(value) in _EMPTY
