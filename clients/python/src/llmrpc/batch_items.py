"""What a batch asks: items, pulled one at a time."""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterable, Iterable
from typing import TypeAlias

from llmrpc import v1 as pb

BatchItems: TypeAlias = Iterable[pb.BatchItem] | AsyncIterable[pb.BatchItem]


async def each(items: BatchItems) -> AsyncGenerator[pb.BatchItem, None]:
    """The items of either kind of iterable; `TypeError` for one that is no `BatchItem`."""
    if isinstance(items, AsyncIterable):
        async for item in items:
            yield _checked(item)
    else:
        for item in items:
            yield _checked(item)


def _checked(item: object) -> pb.BatchItem:
    """The item; grpc's own refusal of another type names nothing."""
    if not isinstance(item, pb.BatchItem):
        raise TypeError(f"items: has {type(item).__name__}; give BatchItem")
    return item
