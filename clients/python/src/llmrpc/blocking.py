"""`BlockingClient`: any client for programs without an event loop."""

from __future__ import annotations

import asyncio
import concurrent.futures
import enum
import threading
from collections.abc import AsyncGenerator, AsyncIterable, Coroutine, Generator, Iterable
from types import TracebackType
from typing import Any, Final, Self, TypeVar

from llmrpc import v1 as pb
from llmrpc.base import BaseLLMClient
from llmrpc.batch_items import BatchItems
from llmrpc.call import Call
from llmrpc.errors import LLMClientError
from llmrpc.requests import Messages
from llmrpc.types import LLMResponse

T = TypeVar("T")


class _End(enum.Enum):
    END = enum.auto()


_END: Final = _End.END


class BlockingClient:
    """The blocking twin of `client`, for any number of threads at once.

    The client runs in an event loop of its own, in a daemon thread, and must not
    have been used in another loop. Errors arrive as the client raises them; a call
    that runs while another thread closes the twin ends with `LLMClientError`.
    """

    def __init__(self, client: BaseLLMClient) -> None:
        self._client = client
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._serve, name="llmrpc-blocking", daemon=True)
        self._submitting = threading.Lock()
        self._closed = False
        self._thread.start()

    def generate(self, request: pb.GenerateRequest, call: Call | None = None) -> pb.LLMResponse:
        """As `BaseLLMClient.generate`."""
        return self._wait(self._client.generate(request, call))

    def generate_text(self, messages: Messages, *args: Any, **kwargs: Any) -> LLMResponse:
        """As `BaseLLMClient.generate_text`, with its arguments."""
        return self._wait(self._client.generate_text(messages, *args, **kwargs))

    def stream(
        self, request: pb.GenerateRequest, call: Call | None = None
    ) -> Generator[pb.StreamEvent, None, None]:
        """The events of `BaseLLMClient.open_stream`.

        Left early, the call is cancelled when the iterator is closed or collected:
        `contextlib.closing` does it at once.
        """

        async def events() -> AsyncGenerator[pb.StreamEvent, None]:
            async with await self._client.open_stream(request, call) as stream:
                async for event in stream:
                    yield event

        return self._iterate(events())

    def stream_text(
        self, messages: Messages, *args: Any, **kwargs: Any
    ) -> Generator[str, None, None]:
        """As `BaseLLMClient.stream_text`, with its arguments; left early as `stream`."""
        return self._iterate(self._client.stream_text(messages, *args, **kwargs))

    def count_tokens(
        self, request: pb.GenerateRequest, call: Call | None = None
    ) -> pb.CountTokensResponse:
        """As `BaseLLMClient.count_tokens`."""
        return self._wait(self._client.count_tokens(request, call))

    def list_models(self, *args: Any, **kwargs: Any) -> list[pb.Model]:
        """As the client's `list_models`, with its arguments."""
        return self._wait(self._client.list_models(*args, **kwargs))

    def validate_api_key(self) -> bool:
        """As `BaseLLMClient.validate_api_key`."""
        return self._wait(self._client.validate_api_key())

    def validate_model(self, model: str) -> bool:
        """As `BaseLLMClient.validate_model`."""
        return self._wait(self._client.validate_model(model))

    def batch(
        self, items: BatchItems, call: Call | None = None
    ) -> Generator[pb.BatchResult, None, None]:
        """As `GatewayClient.batch`; left early as `stream`.

        A plain iterable is pulled in a thread of its own, so it may wait.
        """
        pulled = items if isinstance(items, AsyncIterable) else _pulled(items)
        return self._iterate(self._client.batch(pulled, call))

    def health(self, service: str = "", call: Call | None = None) -> str:
        """As `GatewayClient.health`."""
        return self._wait(self._client.health(service, call))

    def close(self) -> None:
        """Closes the client and ends the thread; calls that still run are cancelled."""
        with self._submitting:
            if self._closed:
                return
            closing = asyncio.run_coroutine_threadsafe(self._client.close(), self._loop)
            self._closed = True
        try:
            closing.result()
        finally:
            self._loop.call_soon_threadsafe(self._loop.stop)
            self._thread.join()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    def _serve(self) -> None:
        # The runner cancels what still runs, and closes the loop.
        with asyncio.Runner(loop_factory=lambda: self._loop) as runner:
            runner.get_loop().run_forever()

    def _submit(self, work: Coroutine[Any, Any, T]) -> concurrent.futures.Future[T] | None:
        """Starts work in the loop; None when that is closed."""
        with self._submitting:
            if not self._closed:
                return asyncio.run_coroutine_threadsafe(work, self._loop)
        work.close()
        return None

    def _wait(self, work: Coroutine[Any, Any, T]) -> T:
        if threading.current_thread() is self._thread:
            work.close()
            raise RuntimeError("a blocking call inside the client's own loop would wait for ever")
        future = self._submit(work)
        if future is None:
            raise RuntimeError("this client is closed")
        try:
            return future.result()
        except concurrent.futures.CancelledError:
            raise LLMClientError("the client was closed during the call") from None
        finally:
            future.cancel()

    def _iterate(self, items: AsyncGenerator[T, None]) -> Generator[T, None, None]:
        turn = asyncio.Lock()

        async def step() -> T | _End:
            async with turn:
                return await anext(items, _END)

        async def leave() -> None:
            async with turn:
                await items.aclose()

        try:
            while (item := self._wait(step())) is not _END:
                yield item
        finally:
            # Not waited for: the garbage collector may run this in any thread.
            self._submit(leave())


async def _pulled(items: Iterable[T]) -> AsyncGenerator[T, None]:
    iterator = iter(items)
    while (item := await asyncio.to_thread(next, iterator, _END)) is not _END:
        yield item
