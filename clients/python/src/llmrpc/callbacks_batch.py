"""Callbacks of a batch: each item is a call of its own to them."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncGenerator, Awaitable, Callable, Iterable
from contextlib import aclosing
from typing import Protocol

from llmrpc import v1 as pb
from llmrpc.batch_items import BatchItems, each


class Report(Protocol):
    """What the callbacks are told of one item."""

    async def end(self, response: pb.LLMResponse) -> None: ...

    async def error(self, error: BaseException) -> None: ...


async def reported(
    items: BatchItems,
    send: Callable[[BatchItems], AsyncGenerator[pb.BatchResult, None]],
    start: Callable[[pb.GenerateRequest], Awaitable[Report]],
) -> AsyncGenerator[pb.BatchResult, None]:
    """The results of `send(items)`, each told of before the caller gets it.

    Items that are unanswered when the batch is over end with what ended it. What `start`
    raises refuses an item: none is sent behind it, and it is raised behind the results.
    """
    from llmrpc.status import error_from_status  # it needs grpc, and callbacks do not

    waiting: dict[str, deque[Report]] = {}  # an id that is there twice has two
    refusals: list[Exception] = []

    async def told() -> AsyncGenerator[pb.BatchItem, None]:
        async for item in each(items):
            try:
                report = await start(item.generate)
            except Exception as error:  # noqa: BLE001 - it is raised below
                refusals.append(error)
                return
            waiting.setdefault(item.id, deque()).append(report)
            yield item

    cause: BaseException = asyncio.CancelledError("the batch was left early")
    try:
        async with aclosing(send(told())) as results:
            async for result in results:
                if waiting.get(result.id):
                    report = waiting[result.id].popleft()
                    if result.HasField("response"):
                        await report.end(result.response)
                    else:
                        await report.error(error_from_status(result.status))
                yield result
    except (Exception, asyncio.CancelledError) as error:
        cause = error
        raise
    finally:
        await _end_all((report for reports in waiting.values() for report in reports), cause)
    for refusal in refusals:
        raise refusal


async def _end_all(reports: Iterable[Report], cause: BaseException) -> None:
    """Tells each of its end, also where the batch is cancelled meanwhile."""
    cancelled: asyncio.CancelledError | None = None
    for report in reports:
        try:
            await report.error(cause)
        except asyncio.CancelledError as error:
            cancelled = error
    if cancelled is not None:
        raise cancelled
