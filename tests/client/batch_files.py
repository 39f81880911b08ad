"""Files of a batch, and how a scripted gateway answers one."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

from google.protobuf import json_format
from google.rpc import code_pb2, status_pb2

from llmrpc import v1 as pb
from tests.client.command import run
from tests.client.gateway import Context, Gateway, answered, info
from tests.client.terminal import Done

Items = AsyncIterator[pb.BatchItem]
Results = AsyncIterator[pb.BatchResult]


class Files:
    """An input of these lines, and an output beside it."""

    def __init__(self, folder: Path) -> None:
        self.given = folder / "in.jsonl"
        self.out = folder / "out.jsonl"

    def ask(self, *lines: Any) -> None:
        self.given.write_text("".join(json.dumps(line) + "\n" for line in lines))

    def results(self) -> list[pb.BatchResult]:
        lines = self.out.read_bytes().decode().split("\n")
        assert lines.pop() == ""
        return [json_format.Parse(line, pb.BatchResult()) for line in lines]

    def said(self) -> dict[str, str]:
        """The answers by id; each id is there once."""
        said = {one.id: one.response.content or one.status.message for one in self.results()}
        assert len(said) == len(self.results())
        return said

    async def run(self, gateway: Gateway, *options: str) -> Done:
        return await run("batch", str(self.given), str(self.out), "-a", gateway.target, *options)


def failed(item: pb.BatchItem, message: str = "gone") -> pb.BatchResult:
    status = status_pb2.Status(code=code_pb2.NOT_FOUND, message=message)
    status.details.add().Pack(info("MODEL_NOT_FOUND"))
    status.details.add().type_url = "type.googleapis.com/llmrpc.v9.Unheard"
    return pb.BatchResult(id=item.id, status=status)


async def odd_ones_fail(items: Items, context: Context) -> Results:
    async for item in items:
        yield failed(item) if int(item.id[-1]) % 2 else answered(item)


async def backwards(items: Items, context: Context) -> Results:
    for item in reversed([item async for item in items]):
        yield answered(item)


async def two_and_no_more(items: Items, context: Context) -> Results:
    for _ in "ab":
        yield answered(await anext(items))
    await asyncio.Event().wait()
