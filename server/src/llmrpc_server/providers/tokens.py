"""Counts of tokens, as providers report them."""

from __future__ import annotations

from typing import Annotated, Any, TypeGuard

from msgspec import Meta

MOST = 2**29
"""The largest count: prompt, answer and reasoning together still fit into an int32."""

Tokens = Annotated[int, Meta(ge=0, le=MOST)] | None
"""A count of tokens."""

Counted = Annotated[int, Meta(ge=0, lt=2**31)]
"""A count that stands alone, as a provider's answer to a question for it."""


def split(total: int, *parts: int | None) -> list[int]:
    """The parts that are inside a total, and what they leave of it.

    Parts that claim more than there is are cut to it, the first ones first.
    """
    shares: list[int] = []
    for part in parts:
        share = min(part or 0, total)
        shares.append(share)
        total -= share
    return [*shares, total]


def is_count(value: Any) -> TypeGuard[int]:
    """Whether what JSON decoded to is a count that the contract can hold."""
    return type(value) is int and 0 <= value < 2**31
