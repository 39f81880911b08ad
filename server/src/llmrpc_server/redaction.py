"""Takes known secrets out of text that leaves the process."""

from __future__ import annotations

import re
from collections.abc import Iterable

from llmrpc.secret import Secret

MASK = "[redacted]"
SHORTEST = 6
"""A shorter value is no secret worth the name, and would mask ordinary words."""


class Redactor:
    """Replaces secrets by value, wherever they stand."""

    def __init__(self, secrets: Iterable[Secret]) -> None:
        values = sorted({s.reveal() for s in secrets if len(s.reveal()) >= SHORTEST}, key=len)
        self._pattern = re.compile("|".join(map(re.escape, reversed(values)))) if values else None

    def clean(self, text: str) -> str:
        """The text without the secrets."""
        return text if self._pattern is None else self._pattern.sub(MASK, text)
