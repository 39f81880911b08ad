"""Items of batches, and gateways that answer them in their own way."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

from google.rpc import code_pb2, status_pb2

from llmrpc import v1 as pb
from tests.client.gateway import Context, answered, info

Items = AsyncIterator[pb.BatchItem]
Results = AsyncIterator[pb.BatchResult]


def item(id: str, prompt: str = "Hello") -> pb.BatchItem:
    message = pb.LLMMessage(role=pb.ROLE_USER, content=prompt)
    return pb.BatchItem(id=id, generate=pb.GenerateRequest(messages=[message]))


def status(reason: str, code: int = code_pb2.NOT_FOUND) -> status_pb2.Status:
    result = status_pb2.Status(code=code, message="no such model")
    result.details.add().Pack(info(reason))
    return result


async def hang(items: Items, context: Context) -> Results:
    """Answers the first item and reads no more."""
    yield answered(await anext(items))
    await asyncio.Event().wait()
