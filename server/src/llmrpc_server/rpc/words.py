"""The words for a value that is out of its bounds, the same for every field."""

from __future__ import annotations

import math


def out_of_range(value: float, low: float, high: float, unit: str = "") -> str:
    """A number that must be between two others; infinite and no numbers are told so."""
    lowest, highest, got = (f"{_number(each)}{unit}" for each in (low, high, value))
    return f"must be between {lowest} and {highest}, got {got}"


def too_small(value: float, least: float) -> str:
    """A number without an upper bound."""
    return f"must be at least {_number(least)}, got {_number(value)}"


def over_limit(most: int, what: str = "characters") -> str:
    """A text, a list or all of something together that is larger than it may be."""
    return f"exceeds the limit of {most} {what}"


def _number(value: float) -> str:
    """The number as short as it can be, but never as short as one of its bounds."""
    if math.isnan(value):
        return "NaN"
    if math.isinf(value):
        return "infinity" if value > 0 else "-infinity"
    if isinstance(value, int):
        return str(value)
    short = f"{value:g}"
    return short if float(short) == value else repr(value)
