"""Whether a JSON text that grows is complete, found out without reading it again."""

from __future__ import annotations

import re
from collections.abc import Sequence

import msgspec

from llmrpc_server.providers.failures import UNDECODABLE

_MARKS = re.compile(r'\\.|["{}\[\]]|\\$', re.DOTALL)
"""What opens and closes, and escapes, one of which the end of a piece may cut."""
_SHORT = 64
"""Characters of a text that is neither an object nor a list and is read whole."""


class Closing:
    """How far one text has been read."""

    __slots__ = ("_depth", "_escaped", "_in_text", "_length", "_opened", "_pieces")

    def __init__(self) -> None:
        self._pieces = 0
        self._length = 0
        self._depth = 0
        self._opened: bool | None = None
        """Whether it begins as an object or a list; None while nothing has come."""
        self._in_text = False
        self._escaped = False

    def is_closed(self, pieces: Sequence[str]) -> bool:
        """Whether the pieces, which go on from those of the last time, are a whole value."""
        for piece in pieces[self._pieces :]:
            self._read(piece)
        self._pieces = len(pieces)
        if self._opened:
            return self._depth <= 0
        return self._opened is False and self._length <= _SHORT and is_json("".join(pieces))

    def closes(self, piece: str) -> bool:
        """Reads on; whether the text is now a whole object or list, so far as brackets say."""
        self._read(piece)
        return bool(self._opened) and self._depth <= 0

    def _read(self, piece: str) -> None:
        self._length += len(piece)
        if self._opened is None and (start := piece.lstrip()):
            self._opened = start[0] in "{["
        begin = 1 if self._escaped and piece else 0
        self._escaped = self._escaped and not piece
        for found in _MARKS.finditer(piece, begin):
            mark = found[0]
            if mark == '"':
                self._in_text = not self._in_text
            elif mark == "\\":
                self._escaped = True
            elif not self._in_text and mark in "{[":
                self._depth += 1
            elif not self._in_text and mark in "}]":
                self._depth -= 1


def is_json(text: str) -> bool:
    """Whether a text is JSON."""
    try:
        msgspec.json.decode(text)
    except UNDECODABLE:
        return False
    return True
