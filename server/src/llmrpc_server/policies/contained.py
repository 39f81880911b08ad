"""A client of somebody else's code, whose exceptions end its own calls and nothing else."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from typing import TypeVar

from llmrpc import v1 as pb
from llmrpc.call import Call
from llmrpc.errors import LLMClientError, ProviderNotAvailableError, StreamInterruptedError
from llmrpc.foreign import typed_errors
from llmrpc.stream import EventStream
from llmrpc.wrapper import WrapperClient

T = TypeVar("T")


class ContainedClient(WrapperClient):
    """Raises failures of connections as typed errors, and what would end a server as others.

    `SystemExit` and `KeyboardInterrupt` of a task end the event loop, and a call that
    `GeneratorExit` ends gets no status: each becomes a `RuntimeError`.
    """

    async def around(
        self, request: pb.GenerateRequest, call: Call, once: Callable[[Call], Awaitable[T]]
    ) -> T:
        with _contained(self.provider_name):
            return await once(call)

    async def open_stream(
        self, request: pb.GenerateRequest, call: Call | None = None
    ) -> EventStream:
        return _ContainedStream(await super().open_stream(request, call), self.provider_name)

    async def list_models(self) -> list[pb.Model]:
        with _contained(self.provider_name):
            return await self.inner.list_models()

    async def close(self) -> None:
        with _contained(self.provider_name):
            await self.inner.close()


class _ContainedStream(EventStream):
    """The same after the first delta, where a connection that fails interrupts the stream."""

    def __init__(self, events: EventStream, provider: str) -> None:
        self._events = events
        self._provider = provider

    async def __anext__(self) -> pb.StreamEvent:
        with _contained(self._provider, StreamInterruptedError):
            return await self._events.__anext__()

    async def aclose(self) -> None:
        with _contained(self._provider):
            await self._events.aclose()


@contextmanager
def _contained(
    provider: str, failed: type[LLMClientError] = ProviderNotAvailableError
) -> Iterator[None]:
    try:
        with typed_errors(provider, failed):
            yield
    except (Exception, asyncio.CancelledError):
        raise
    except BaseException as error:
        if _is_let_go(error):
            raise
        raise RuntimeError(f"{provider} raised {type(error).__name__}") from error


def _is_let_go(error: BaseException) -> bool:
    """Whether a coroutine is closed that no task runs any more, as the end of a loop does."""
    if not isinstance(error, GeneratorExit):
        return False
    try:
        return asyncio.current_task() is None
    except RuntimeError:
        return True
