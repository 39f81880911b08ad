"""Callers' keys that let everybody in: short ones, and those that the documentation showed."""

from __future__ import annotations

from llmrpc_server.redaction import SHORTEST

PUBLISHED = frozenset(
    {
        "6ac511e9497f8deeb043d3143af26217be6305b6a130badcdfd976205dd21733",
        "1efb55e28007a80fba26c3afb92a3b5a95c93e923ed0f58535c95f02c0e2162d",
    }
)
"""Hashes of keys that ever stood in the documentation."""
_MEND = "make one with `llmrpc-server new-key`"


def weakness(key: str, digest: str) -> str:
    """Why a key must not be used, and what to do; empty for a good one.

    `key` is empty where only the hash is known.
    """
    if digest in PUBLISHED:
        return f"is a key that the documentation showed, so everybody knows it; {_MEND}"
    if key and len(key) < SHORTEST:
        return f"key has {len(key)} characters, and must have at least {SHORTEST}; {_MEND}"
    return ""
