"""Surrogate pairs that were split over two pieces of a text.

Somebody who cuts a text by UTF-16 units writes half a pair at the end of one piece and the
other half at the start of the next. The first half waits for the next piece of its part.
"""

from __future__ import annotations

import json
from collections.abc import Hashable
from typing import Any

from llmrpc_server.providers.dialect import Answer
from llmrpc_server.providers.kept_json import HALVES

LOST = "\ufffd"
"""Stands for half a pair that stayed alone."""
_HIGH = ("\ud800", "\udbff")
_LOW = "\udfff"
_UTF_16 = "utf-16-le"


def decode_with_halves(data: bytes, *path: str | int) -> Any:
    """What stands at a path of JSON that holds halves, which Python keeps in its strings.

    None if nothing does. `data` was read before, with U+FFFD for its halves.
    """
    value: Any = json.loads(data)
    for step in path:
        try:
            value = value[step]
        except (LookupError, TypeError):
            return None
    return value


class Halves:
    """The halves that wait, by the parts of one answer."""

    __slots__ = ("_answer", "_provider", "_waiting")

    def __init__(self, answer: Answer, provider: str) -> None:
        self._answer = answer
        self._provider = provider
        self._waiting: dict[Hashable, str] = {}

    def __bool__(self) -> bool:
        """Whether a half waits: then the next piece of its part has to be joined."""
        return bool(self._waiting)

    def join(self, key: Hashable, piece: str) -> str:
        """The piece behind the half that its part waits with; half a pair at its end waits.

        A half that stays alone becomes U+FFFD, with a warning.
        """
        text = self._waiting.pop(key, "") + piece
        if text and _HIGH[0] <= text[-1] <= _HIGH[1]:
            self._waiting[key] = text[-1]
            text = text[:-1]
        read = text.encode(_UTF_16, "surrogatepass").decode(_UTF_16, "replace")
        if read.count(LOST) > text.count(LOST):
            self._warn()
        return read

    def odd(self, key: Hashable, piece: object) -> str:
        """The same for a piece of an event that holds halves somewhere."""
        text = piece if isinstance(piece, str) else ""
        if not any(_HIGH[0] <= each <= _LOW for each in text):
            self._warn()
        return self.join(key, text)

    def end(self, key: Hashable) -> str:
        """What the end of a part makes of a half that waits: U+FFFD; else nothing."""
        if self._waiting.pop(key, None) is None:
            return ""
        self._warn()
        return LOST

    def _warn(self) -> None:
        self._answer.warn("message", HALVES.format(self._provider))
