"""Ids of tool calls: made for those that came without one, or with that of another call."""

from __future__ import annotations

import secrets

_BYTES = 12


def made_id(prefix: str = "call") -> str:
    """An id that no other call has, in this turn or another one: results are found by it."""
    return f"{prefix}_{secrets.token_hex(_BYTES)}"


class CallIds:
    """The ids of one answer's calls: a caller finds results by them, so no two are the same."""

    __slots__ = ("_prefix", "_taken")

    def __init__(self, prefix: str = "call") -> None:
        self._prefix = prefix
        self._taken: set[str] = set()

    def take(self, own: str | None) -> str:
        """The provider's own id of the next call; a new one if it has none, or one once more."""
        taken = made_id(self._prefix) if not own or own in self._taken else own
        self._taken.add(taken)
        return taken
