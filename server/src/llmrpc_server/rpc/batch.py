"""BatchGenerate: many requests over one call, and no more of them at a time than is good."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from hashlib import blake2b

from google.rpc import status_pb2

from llmrpc import v1 as pb
from llmrpc.base import BaseLLMClient
from llmrpc.errors import InvalidRequestError, LLMClientError, ProviderNotAvailableError, Violation
from llmrpc_server.bounds import AtLeastOne, Seconds
from llmrpc_server.frames import drop_frames
from llmrpc_server.interceptors.deadline import within
from llmrpc_server.interceptors.items import Items
from llmrpc_server.interceptors.rpc import Rpc
from llmrpc_server.policies.pace import LIMITED, Pace
from llmrpc_server.rpc.drain import Drain
from llmrpc_server.rpc.validation import Validator
from llmrpc_server.words import over_limit

MOST_LETTERS = 256
"""Of an item's id."""
NOTHING_NEW, THE_END = 0.5, 0.9
"""Shares of a stopping server's grace: when batches take no more items, and when those
that still run are given up, so that there is time to say so."""


@dataclass(frozen=True, slots=True)
class BatchSettings:
    """Bounds of `BatchGenerate`."""

    concurrency: AtLeastOne = 16
    """Most items of one call at a time: running, or with a result that is not yet sent."""
    total_concurrency: AtLeastOne = 64
    """Most running items of all calls together."""
    max_items: AtLeastOne = 100_000
    """Most items of one call."""
    patience: Seconds = 300.0
    """How long a provider that limits the rate may answer nothing before items fail; in
    seconds."""


class Batches:
    """The batches of a gateway. `timeout` bounds each item, in seconds."""

    def __init__(
        self,
        client: BaseLLMClient,
        *,
        validator: Validator,
        items: Items,
        pace: Callable[[str], Awaitable[Pace]],
        drain: Drain,
        settings: BatchSettings,
        timeout: float,
    ) -> None:
        self.validator = validator
        self.items = items
        self.drain = drain
        self.settings = settings
        self._client = client
        self._pace = pace
        self._timeout = timeout
        self._room = asyncio.Semaphore(settings.total_concurrency)

    def run(self, rpc: Rpc, messages: AsyncIterator[pb.BatchItem]) -> AsyncIterator[pb.BatchResult]:
        """The results of these items, as they come."""
        return _Batch(self, rpc).results(messages)

    async def generate(
        self, request: pb.GenerateRequest, rpc: Rpc, last: float | None
    ) -> pb.LLMResponse:
        """An item's answer, once its provider has room; `last` is the batch's deadline.

        An item that is limited in spite of its retries waits for another turn.
        """
        self.validator.check(request)
        rpc.requested_model = request.model
        pace = await self._pace(request.model)
        while True:
            answered = False
            await pace.enter()
            try:
                async with self._room:
                    response = await self._once(request, rpc, last)
                answered = True
                return response
            except LLMClientError as error:
                again = error.reason in LIMITED and error.retryable
                if not (again and pace.rest(error.retry_after, last)):
                    raise
                drop_frames(error)
            finally:
                pace.leave(answered=answered)

    async def _once(
        self, request: pb.GenerateRequest, rpc: Rpc, last: float | None
    ) -> pb.LLMResponse:
        left = self._timeout
        if last is not None:
            left = min(left, max(0.0, last - time.monotonic()))
        response: pb.LLMResponse
        response = await within(left, rpc, lambda: self._client.generate(request, rpc.call()))
        return response


class _Batch:
    """One call. An item holds a slot from before it is read until its result is sent."""

    def __init__(self, batches: Batches, rpc: Rpc) -> None:
        self._batches = batches
        self._rpc = rpc
        self._slots = asyncio.Semaphore(batches.settings.concurrency)
        self._results: asyncio.Queue[pb.BatchResult | None] = asyncio.Queue()
        self._ids: set[bytes] = set()
        """Digests of the ids that were there: ids themselves may be a kilobyte each."""

    async def results(self, messages: AsyncIterator[pb.BatchItem]) -> AsyncIterator[pb.BatchResult]:
        work = asyncio.ensure_future(self._work(messages))
        try:
            while (result := await self._results.get()) is not None:
                yield result
                self._slots.release()
            await work
        finally:
            work.cancel()
            await asyncio.gather(work, return_exceptions=True)

    async def _work(self, messages: AsyncIterator[pb.BatchItem]) -> None:
        try:
            async with self._batches.drain.until(THE_END), asyncio.TaskGroup() as group:
                end = await self._take(messages, group)
        finally:
            self._results.put_nowait(None)
        if end is not None:
            raise end

    async def _take(
        self, messages: AsyncIterator[pb.BatchItem], group: asyncio.TaskGroup
    ) -> LLMClientError | None:
        """Starts the items, to their end; gives what kept it from taking all."""
        place, most = 0, self._batches.settings.max_items
        try:
            async with self._batches.drain.until(NOTHING_NEW):
                while True:
                    await self._slots.acquire()
                    fault: LLMClientError | None = None
                    try:
                        item = await anext(messages)
                    except StopAsyncIteration:
                        return None
                    except InvalidRequestError as error:
                        item, fault = pb.BatchItem(), error
                    if place == most:
                        return _too_many(most)
                    place += 1
                    fault = fault or self._fault(item, place)
                    group.create_task(self._answer(item, place, fault))
        except ProviderNotAvailableError as stopping:
            return stopping

    async def _answer(self, item: pb.BatchItem, place: int, fault: LLMClientError | None) -> None:
        rpc = self._rpc.item(place)

        async def work() -> pb.LLMResponse:
            if fault is not None:
                raise fault
            return await self._batches.generate(item.generate, rpc, self._rpc.deadline)

        outcome = await self._batches.items(rpc, work)
        self._rpc.items += 1
        result = pb.BatchResult(id=item.id[:MOST_LETTERS])
        if isinstance(outcome, status_pb2.Status):
            self._rpc.failed += 1
            result.status.CopyFrom(outcome)
        else:
            result.response.CopyFrom(outcome)
        self._results.put_nowait(result)

    def _fault(self, item: pb.BatchItem, place: int) -> LLMClientError | None:
        """What is wrong with an item around its request."""
        faults = []
        if not item.id:
            faults.append(Violation("id", "must not be empty"))
        elif len(item.id) > MOST_LETTERS:
            faults.append(Violation("id", over_limit(MOST_LETTERS)))
        elif (digest := blake2b(item.id.encode(), digest_size=16).digest()) in self._ids:
            faults.append(Violation("id", "must be unique in its batch"))
        else:
            self._ids.add(digest)
        if item.WhichOneof("request") is None:
            faults.append(Violation("request", "must be set"))
        if not faults:
            return None
        return InvalidRequestError(
            f"item {place}: {faults[0].field} {faults[0].description}", violations=faults
        )


def _too_many(most: int) -> LLMClientError:
    return InvalidRequestError(
        f"a batch has at most {most} items; send the others in another",
        metadata={"max_items": str(most)},
    )
