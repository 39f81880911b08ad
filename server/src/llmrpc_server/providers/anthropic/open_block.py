"""A block that has begun, and what is held of it until it ends."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec

from llmrpc_server.providers.anthropic import wire
from llmrpc_server.providers.kept_json import (
    NOTHING,
    Fields,
    came,
    fields_of,
    read_fields,
    says,
    write_fields,
)
from llmrpc_server.providers.loose import read_loosely

FIELDS = {
    "text": frozenset({"type", "text", "citations"}),
    "thinking": frozenset({"type", "thinking", "signature"}),
    "redacted_thinking": frozenset({"type", "data"}),
    "tool_use": frozenset({"type", "id", "name", "input"}),
}
"""The fields of a block that its part holds, by the types that have parts."""
EMPTY = b"{}"
_CONTENT = frozenset({"text", "thinking", "data"})
"""Fields of a block without which it is not what the model wrote."""


class OpenBlock:
    """One block. Raises `msgspec.DecodeError` for what is no block.

    `key` is the part that it becomes.
    """

    __slots__ = (
        "_again",
        "_begun",
        "_changed",
        "_passed",
        "announced",
        "citations",
        "extra",
        "held",
        "key",
        "kind",
        "left_out",
        "pieces",
        "raw",
        "read",
        "signed",
        "type",
        "written",
    )

    def __init__(self, raw: msgspec.Raw, key: int) -> None:
        self.type = wire.decode_type(raw).type
        known = FIELDS.get(self.type)
        self.key = key
        self.raw = raw
        self.left_out: list[str] = []
        """Fields of an odd type."""
        self.read = wire.Block() if known is None else self._read()
        if self.type == "tool_use" and not self.read.name:  # a call that nobody can run
            known = None
        self.kind = "" if known is None else self.type
        """The type, if the contract has a kind of part for it."""
        self.extra = "" if known is None else _rest(raw, known)
        """Fields that the part has no place for, in JSON."""
        self.pieces: list[str] = []
        """The input of a call so far, in JSON."""
        self.citations: list[msgspec.Raw] = []
        self.signed = False
        self.written = False
        """Whether a text has a part."""
        self.held = 0
        """Bytes that no part holds yet."""
        self.announced = False
        """Whether a `message_start` had it."""
        self._begun = self.read.text or self.read.thinking or ""
        self._again = ""
        """What is expected again of a text that was announced."""
        self._passed = ""
        """What of it came again."""
        self._changed: Fields | None = None

    def _read(self) -> wire.Block:
        try:
            return wire.decode_block(self.raw)
        except msgspec.ValidationError:
            block, self.left_out = read_loosely(self.raw, wire.Block, _CONTENT)
            return block

    @property
    def input(self) -> msgspec.Raw:
        """The input of a call, as far as the block began with it."""
        return read_fields(self.raw).get("input", NOTHING)

    @property
    def is_empty_call(self) -> bool:
        """Whether it is a call of nothing with nothing."""
        return self.type == "tool_use" and not (self.read.name or says(self.input))

    def takes(self, kind: str) -> bool:
        """Whether pieces belong to it that are those of a block of this kind."""
        if kind == "tool_use":
            return self.kind in ("tool_use", "")
        return kind == (self.kind or self.type)

    def is_again(self, other: OpenBlock) -> bool:
        """Whether another block is this one, which was announced and is now streamed."""
        return self.announced and self.type == other.type and self.read.id == other.read.id

    def repeat(self) -> None:
        """Expects what was announced to come again, piece by piece."""
        if self.announced:
            self._again, self._begun, self._passed = self._begun, "", ""

    def not_announced(self, text: str | None) -> str:
        """What of the next piece was not there when the block was announced."""
        again = self._again
        if not (text and again):
            return text or ""
        if again.startswith(text):
            self._again = again[len(text) :]
            self._passed += text
            return ""
        self._again, passed = "", self._passed
        return text.removeprefix(again) if text.startswith(again) else passed + text

    @property
    def data(self) -> str:
        """The block as it is now, as JSON text."""
        return bytes(self.raw).decode() if self._changed is None else write_fields(self._changed)

    def put(self, fields: Mapping[str, msgspec.Raw]) -> None:
        """Puts fields into the block."""
        if self._changed is None:
            self._changed = read_fields(self.raw)
        self._changed.update(fields)

    def put_delta(self, data: bytes) -> None:
        """Puts the fields of an event's delta into the block."""
        delta = fields_of(read_fields(data)["delta"]) or {}
        self.put({name: value for name, value in delta.items() if name != "type"})


def _rest(raw: msgspec.Raw, known: frozenset[str]) -> str:
    """The fields beside those that are known, in JSON; empty if there are none."""
    rest: dict[str, Any] = {
        name: value for name, value in read_fields(raw).items() if name not in known and came(value)
    }
    return write_fields(rest) if rest else ""
