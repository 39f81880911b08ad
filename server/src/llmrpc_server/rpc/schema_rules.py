"""Texts in a request that must be JSON."""

from __future__ import annotations

from collections.abc import Iterator

import msgspec

from llmrpc.errors import Violation


def json_object_violation(path: str, text: str, *, without: str = "") -> Iterator[Violation]:
    """A violation unless the text is a JSON object, which must not have the key `without`."""
    try:
        value = msgspec.json.decode(text)
    except (msgspec.DecodeError, RecursionError) as error:
        yield Violation(path, f"is no valid JSON: {error}"[:200])
        return
    if not isinstance(value, dict):
        yield Violation(path, "is no JSON object")
    elif without and without in value:
        yield Violation(path, f"must not have the key {without!r}, which has its own field")
