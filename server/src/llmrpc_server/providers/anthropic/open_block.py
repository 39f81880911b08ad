"""A block that has begun, and what is held of it until it ends."""

from __future__ import annotations

import msgspec

from llmrpc_server.providers.anthropic import wire
from llmrpc_server.providers.anthropic.objects import fields_of
from llmrpc_server.providers.failures import UNDECODABLE

FIELDS = {
    "text": frozenset({"type", "text", "citations"}),
    "thinking": frozenset({"type", "thinking", "signature"}),
    "redacted_thinking": frozenset({"type", "data"}),
    "tool_use": frozenset({"type", "id", "name", "input"}),
}
"""The fields of a block that its part holds, by the types that have parts."""
EMPTY = b"{}"
_NULL = b"null"


class OpenBlock:
    """One block. Raises `msgspec.DecodeError` for what is no block."""

    __slots__ = ("citations", "extra", "held", "pieces", "raw", "read", "written")

    def __init__(self, raw: msgspec.Raw) -> None:
        kind = wire.decode_type(raw).type
        known = FIELDS.get(kind)
        self.raw = raw
        self.read = wire.Block(type=kind) if known is None else wire.decode_block(raw)
        self.extra = "" if known is None else _rest(raw, known)
        """Fields that the part has no place for, in JSON."""
        self.pieces: list[str] = []
        """The input of a call so far, in JSON."""
        self.citations: list[msgspec.Raw] = []
        self.written = False
        """Whether a text has a part."""
        self.held = 0
        """Bytes that no part holds yet."""

    def replace(self, data: bytes) -> None:
        """Puts the fields of an event's delta into the block."""
        event = fields_of(data) or {}
        delta = fields_of(event.get("delta", EMPTY)) or {}
        delta.pop("type", None)
        self.raw = _encoded({**(fields_of(self.raw) or {}), **delta})

    def take_input(self) -> bool:
        """Puts the input that came in pieces into the block; False if it was cut off."""
        if not self.pieces:
            return True
        whole = "".join(self.pieces).encode()
        good = _is_json(whole)
        self.raw = _encoded(
            {**(fields_of(self.raw) or {}), "input": msgspec.Raw(whole if good else EMPTY)}
        )
        return good


def _rest(raw: msgspec.Raw, known: frozenset[str]) -> str:
    """The fields beside those that are known, in JSON; empty if there are none."""
    rest = {
        name: value
        for name, value in (fields_of(raw) or {}).items()
        if name not in known and bytes(value) != _NULL
    }
    return bytes(_encoded(rest)).decode() if rest else ""


def _encoded(fields: dict[str, msgspec.Raw]) -> msgspec.Raw:
    return msgspec.Raw(msgspec.json.encode(fields))


def _is_json(text: bytes) -> bool:
    try:
        msgspec.json.decode(text)
    except UNDECODABLE:
        return False
    return True
