"""Arguments that say nothing: they are told as `{}`, and only when nothing else came.

Servers that translate between dialects begin a call with `{}` or `null` and send its arguments
after that. Source: https://github.com/BerriAI/litellm/issues/4537
"""

from __future__ import annotations

from collections.abc import Hashable

EMPTY = "{}"
_SAYS_NOTHING = ("", "null", EMPTY)
_BEGINS = ("{", "[")
_YET = (*_SAYS_NOTHING, "n", "nu", "nul")
"""The same, and how it begins."""


def says_nothing(arguments: str) -> bool:
    """Whether arguments are none."""
    return arguments.strip() in _SAYS_NOTHING


def begins(piece: str) -> bool:
    """Whether a piece is how arguments begin."""
    return piece.lstrip().startswith(_BEGINS)


class Idle:
    """Holds the first pieces of a call's arguments while they say nothing."""

    __slots__ = ("_held", "_told")

    def __init__(self) -> None:
        self._held: dict[Hashable, str] = {}
        self._told: set[Hashable] = set()

    def take(self, key: Hashable, piece: str) -> str:
        """What is to be told now that a piece came."""
        if key in self._told or not piece:
            return piece
        held = self._held.get(key, "")
        again = held.strip() and says_nothing(held) and begins(piece)
        text = piece if again else held + piece
        if text.strip() in _YET:
            self._held[key] = text
            return ""
        self._held.pop(key, None)
        self._told.add(key)
        return text

    def settle(self, key: Hashable) -> str:
        """What is to be told at the end of a call: `{}` for one without arguments."""
        held = self._held.pop(key, "")
        if key in self._told:
            return ""
        self._told.add(key)
        return EMPTY if says_nothing(held) else held
