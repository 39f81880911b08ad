"""How many values JSON holds, found before anything is made of them.

An empty object takes three bytes in a body and a hundred in memory.
"""

from __future__ import annotations

import re

from llmrpc.answer import too_many

MANY_VALUES = 1_000_000
"""Of one body or event, however small each of them is."""
MOST_VALUES = 4_000_000
"""Of a large one, whose values have `_BYTES` bytes each: log probabilities have seven or more, and
an answer is not lost to them."""
_BYTES = 6
_SMALL = 1024 * 1024
_MARKS = (b",", b"{", b"[")
_STRINGS = re.compile(rb'"[^"\\]*+(?:\\.[^"\\]*+)*+"?', re.DOTALL)
"""Nothing is tried twice: an open string takes no longer than a closed one."""


def check_values(data: bytes) -> None:
    """Raises `ProviderNotAvailableError` (PROVIDER_RESPONSE_INVALID) for more than those.

    The strings, of which most answers consist, are taken out only if there may be too many.
    """
    if len(data) <= _SMALL:
        return
    most = min(max(MANY_VALUES, len(data) // _BYTES), MOST_VALUES)
    if _marks(data) > most and _marks(_STRINGS.sub(b"", data)) > most:
        raise too_many(f"{most} values")


def _marks(data: bytes) -> int:
    return sum(map(data.count, _MARKS))
