"""Ids of tool calls that came without one."""

from __future__ import annotations

import secrets

_BYTES = 12


def made_id(prefix: str = "call") -> str:
    """An id that no other call has, in this turn or another one: results are found by it."""
    return f"{prefix}_{secrets.token_hex(_BYTES)}"
