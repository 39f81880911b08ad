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
    write_fields,
)

FIELDS = {
    "text": frozenset({"type", "text", "citations"}),
    "thinking": frozenset({"type", "thinking", "signature"}),
    "redacted_thinking": frozenset({"type", "data"}),
    "tool_use": frozenset({"type", "id", "name", "input"}),
}
"""The fields of a block that its part holds, by the types that have parts."""
EMPTY = b"{}"


class OpenBlock:
    """One block. Raises `msgspec.DecodeError` for what is no block.

    `key` is the part that it becomes.
    """

    __slots__ = (
        "_changed",
        "citations",
        "extra",
        "held",
        "key",
        "kind",
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
        self.read = wire.Block() if known is None else wire.decode_block(raw)
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
        self._changed: Fields | None = None

    @property
    def input(self) -> msgspec.Raw:
        """The input of a call, as far as the block began with it."""
        return read_fields(self.raw).get("input", NOTHING)

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
