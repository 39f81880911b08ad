"""What tests of batches send and read."""

from __future__ import annotations

from collections.abc import AsyncIterable, Iterable
from typing import Any

from llmrpc import v1 as pb
from tests.gateway.conftest import ask


def item(name: object, text: str = "Hi", **fields: Any) -> pb.BatchItem:
    """One item that asks for something."""
    return pb.BatchItem(id=str(name), generate=ask(text, **fields))


async def run(
    stub: Any, items: Iterable[Any] | AsyncIterable[Any], **options: Any
) -> list[pb.BatchResult]:
    """All results, in the order in which they came."""
    return [result async for result in stub.BatchGenerate(items, **options)]


def contents(results: Iterable[pb.BatchResult]) -> dict[str, str]:
    """The answers by id; an item without one is a failed test."""
    found = {}
    for result in results:
        assert result.HasField("response"), result
        found[result.id] = result.response.content
    return found
