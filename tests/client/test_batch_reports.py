"""What the callbacks of a batch are told: each item's end, once, whatever happens."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from typing import Any, cast

import pytest

from llmrpc import v1 as pb
from llmrpc.batch_items import BatchItems
from llmrpc.callbacks_batch import reported
from llmrpc.gateway_batch import _Sender


class Told:
    """A report that keeps what it was told."""

    def __init__(self) -> None:
        self.ends: list[str] = []
        self.cancelled = False

    async def end(self, response: pb.LLMResponse) -> None:
        self.ends.append("end")

    async def error(self, error: BaseException) -> None:
        self.ends.append(type(error).__name__)
        if self.cancelled:
            raise asyncio.CancelledError


async def test_items_with_one_id_end_once_each() -> None:
    reports: list[Told] = []

    async def start(request: pb.GenerateRequest) -> Told:
        reports.append(Told())
        return reports[-1]

    async def send(items: BatchItems) -> AsyncGenerator[pb.BatchResult, None]:
        sent = [item.id async for item in items]  # type: ignore[union-attr]  # it is asynchronous
        for one in sent:
            yield pb.BatchResult(id=one, response=pb.LLMResponse())

    items = [pb.BatchItem(id="a"), pb.BatchItem(id="a"), pb.BatchItem(id="b")]
    assert len([one async for one in reported(items, send, start)]) == 3
    assert [report.ends for report in reports] == [["end"]] * 3


async def test_a_cancellation_while_one_is_told_keeps_the_end_from_none() -> None:
    reports: list[Told] = []

    async def start(request: pb.GenerateRequest) -> Told:
        reports.append(Told())
        return reports[-1]

    async def send(items: BatchItems) -> AsyncGenerator[pb.BatchResult, None]:
        async for _ in items:  # type: ignore[union-attr]  # it is asynchronous
            pass
        reports[0].cancelled = True
        raise ConnectionError
        yield pb.BatchResult()

    items = [pb.BatchItem(id="a"), pb.BatchItem(id="b"), pb.BatchItem(id="c")]
    with pytest.raises(asyncio.CancelledError):
        async for _ in reported(items, send, start):
            pass
    assert [report.ends for report in reports] == [["ConnectionError"]] * 3


class _NewerRpc:
    """A call of a grpcio that has no more what `run_batch` sends by."""

    def __init__(self, most: int) -> None:
        self.sent: list[str] = []
        self._most = most

    async def wait_for_connection(self) -> None: ...

    async def write(self, item: pb.BatchItem) -> None:
        if len(self.sent) == self._most:
            raise asyncio.InvalidStateError("the call is over")
        self.sent.append(item.id)

    async def done_writing(self) -> None: ...


@pytest.mark.parametrize(("most", "sent"), [(5, ["a", "b"]), (1, ["a"])])
async def test_without_the_private_way_items_go_by_the_public_one(
    most: int, sent: list[str]
) -> None:
    rpc = _NewerRpc(most)
    sender = _Sender(cast(Any, rpc), [pb.BatchItem(id="a"), pb.BatchItem(id="b")])
    await sender._task
    assert rpc.sent == sent
    assert sender.finished == (most == 5)
