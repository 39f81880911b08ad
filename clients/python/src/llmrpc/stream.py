"""Streams of events, and how an answer is built from them."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import AsyncIterable
from types import TracebackType
from typing import Self

from llmrpc import v1 as pb
from llmrpc.answer import AnswerBuilder
from llmrpc.errors import StreamInterruptedError


class EventStream(ABC):
    """The events of one answer, the first of them already at hand.

    Iterate it once; `aclose` ends the call at any moment and may be repeated.
    Use it as `async with`, so that a broken loop closes it too.
    """

    def __aiter__(self) -> Self:
        return self

    @abstractmethod
    async def __anext__(self) -> pb.StreamEvent: ...

    @abstractmethod
    async def aclose(self) -> None: ...

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        await self.aclose()


async def accumulate(events: AsyncIterable[pb.StreamEvent]) -> pb.LLMResponse:
    """The response of a whole stream: what `Generate` would have returned.

    Raises `StreamInterruptedError` where the stream is not whole: a gap in the
    sequence, no `completed` at the end or an event behind it, or deltas that do
    not add up to the completed message.
    """
    answer = AnswerBuilder()
    completed: pb.LLMResponse | None = None
    expected = 1
    async for event in events:
        if completed is not None:
            raise StreamInterruptedError("an event came after the completed response")
        if event.sequence != expected:
            raise StreamInterruptedError(f"event {event.sequence} came instead of {expected}")
        expected += 1
        for delta in event.deltas:
            answer.add(delta)
        if event.HasField("completed"):
            completed = event.completed
    if completed is None:
        raise StreamInterruptedError("the stream ended without its completed response")
    if answer.parts() != list(completed.message.parts):
        raise StreamInterruptedError("the deltas do not add up to the completed message")
    return completed
