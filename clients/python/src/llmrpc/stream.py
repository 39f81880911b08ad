"""A stream of events: what a client gives for a response that is still being written."""

from __future__ import annotations

from abc import ABC, abstractmethod
from types import TracebackType
from typing import Self

from llmrpc import v1 as pb


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
