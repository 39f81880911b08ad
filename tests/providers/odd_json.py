"""JSON that decoders stumble over, and how it is compared."""

from __future__ import annotations

import json
from typing import Any

import pytest

ODD = [
    "1e999",
    "-0",
    "-0.0",
    pytest.param("1" * 400, id="a number of 400 digits"),
    '{"a":1,"a":2}',
    '"\\ud800"',
    '"a\\ud83d"',
    '{"\\ude00":"x"}',
]


def exact(text: str | bytes) -> Any:
    """The JSON with its numbers as they were written."""
    return json.loads(text, parse_int=str, parse_float=str)


def mended(odd: str) -> Any:
    """Halves of surrogate pairs are no text: they are U+FFFD."""
    return exact(
        odd.replace("\\ud800", "\\ufffd")
        .replace("\\ud83d", "\\ufffd")
        .replace("\\ude00", "\\ufffd")
    )


def filled(value: Any, odd: Any) -> Any:
    """The value with the odd one in each place of `["here"]`."""
    if value == ["here"]:
        return odd
    if isinstance(value, dict):
        return {name: filled(inner, odd) for name, inner in value.items()}
    return [filled(inner, odd) for inner in value] if isinstance(value, list) else value
