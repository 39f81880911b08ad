"""Load: a counted number of checked calls, by so many callers at a time."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from statistics import median
from typing import TYPE_CHECKING

import grpc

from benchmarks import answers
from llmrpc import v1 as pb
from llmrpc.v1.llm_service_pb2_grpc import LLMServiceStub

if TYPE_CHECKING:
    from llmrpc.v1.llm_service_pb2_grpc import LLMServiceAsyncStub

CALLERS = 16
CALL_SECONDS = 60.0


@dataclass(slots=True)
class Outcome:
    """What the caller saw."""

    seconds: float = 0.0
    first_message_seconds: list[float] = field(default_factory=list)

    def first_message_ms(self) -> float:
        return median(self.first_message_seconds) * 1000


@asynccontextmanager
async def connected(port: int) -> AsyncIterator[LLMServiceAsyncStub]:
    """A stub on a connection of its own."""
    async with grpc.aio.insecure_channel(f"127.0.0.1:{port}") as channel:
        yield LLMServiceStub(channel)


async def unary(stub: LLMServiceAsyncStub, model: str, outcome: Outcome) -> None:
    """One call of Generate."""
    start = time.perf_counter()
    response = await stub.Generate(
        answers.request(answers.UNARY_TOKENS, model), timeout=CALL_SECONDS
    )
    outcome.first_message_seconds.append(time.perf_counter() - start)
    _check(response.content, answers.UNARY_TOKENS)


async def stream(stub: LLMServiceAsyncStub, model: str, outcome: Outcome) -> None:
    """One call of StreamText, read to its end."""
    start = time.perf_counter()
    call = stub.StreamText(answers.request(answers.STREAM_TOKENS, model), timeout=CALL_SECONDS)
    texts: list[str] = []
    last = pb.StreamEvent()
    async for last in call:
        if not texts:
            outcome.first_message_seconds.append(time.perf_counter() - start)
        texts += [delta.text for delta in last.deltas]
    _check("".join(texts), answers.STREAM_TOKENS)
    _check(last.completed.content, answers.STREAM_TOKENS)


async def load(
    call: Callable[[LLMServiceAsyncStub, str, Outcome], Awaitable[None]],
    stub: LLMServiceAsyncStub,
    model: str,
    count: int,
    callers: int,
) -> Outcome:
    """Makes `count` calls. The first that fails, or is answered wrongly, raises."""
    outcome = Outcome()
    left = iter(range(count))

    async def caller() -> None:
        for _ in left:
            await call(stub, model, outcome)

    start = time.perf_counter()
    async with asyncio.TaskGroup() as group:
        for _ in range(min(callers, count)):
            group.create_task(caller())
    outcome.seconds = time.perf_counter() - start
    return outcome


def _check(content: str, tokens: int) -> None:
    if content != answers.text(tokens):
        raise ValueError(f"a wrong answer: {content[:200]!r}")
