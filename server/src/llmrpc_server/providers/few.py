"""Lists in a provider's answer, no longer than those of one that somebody could use."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeVar

from llmrpc.answer import MOST_ANNOTATIONS, too_many

T = TypeVar("T")


def few(items: Sequence[T], what: str) -> Sequence[T]:
    """The items, before anything is done with them.

    Raises `ProviderNotAvailableError` (PROVIDER_RESPONSE_INVALID) for more than
    `MOST_ANNOTATIONS`. Parts have a lower bound of their own; items that make no part count
    here alone.
    """
    if len(items) > MOST_ANNOTATIONS:
        raise too_many(f"{MOST_ANNOTATIONS} {what}")
    return items
