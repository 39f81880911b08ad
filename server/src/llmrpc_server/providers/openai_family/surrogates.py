r"""Halves of surrogate pairs, which JSON can write and no text can hold.

A server that cuts an emoji in two writes `\ud83d` alone; no decoder here takes that.
"""

from __future__ import annotations

import re

_ESCAPES = re.compile(
    rb"\\(?:u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2}"
    rb"|(?P<half>u[dD][89a-fA-F][0-9a-fA-F]{2})|.)",
    re.DOTALL,
)

HALVES = "sent halves of surrogate pairs, which no text can hold: U+FFFD stands in their place"
"""What is said of them, after the provider's name."""


def without_halves(data: bytes) -> bytes:
    """The JSON with U+FFFD in place of every half of a pair that stands alone."""
    return _ESCAPES.sub(lambda found: b"\\ufffd" if found["half"] else found[0], data)
