"""The words for a value that is out of its bounds, the same for every field and setting."""

from __future__ import annotations

import math


def out_of_range(value: float, low: float, high: float, unit: str = "", where: str = "") -> str:
    """A number that must be between two others; `where` says for whom, if not for all."""
    lowest, highest, got = (f"{number(each)}{unit}" for each in (low, high, value))
    return f"must be between {lowest} and {highest}{where}, got {got}"


def too_small(value: float, least: float) -> str:
    """A number without an upper bound."""
    return f"must be at least {number(least)}, got {number(value)}"


def over_limit(most: int, what: str = "characters") -> str:
    """A text, a list or all of something together that is larger than it may be."""
    return f"exceeds the limit of {most} {what}"


def number(value: float) -> str:
    """The number as short as it can be, but never as short as one of its bounds."""
    if math.isnan(value):
        return "NaN"
    if math.isinf(value):
        return "infinity" if value > 0 else "-infinity"
    if isinstance(value, int):
        return str(value)
    short = f"{value:g}"
    return short if float(short) == value else repr(value)
