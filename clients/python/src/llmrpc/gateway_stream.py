"""The stream of a remote call: checked on the way, always cancelled when left."""

from __future__ import annotations

import asyncio

import grpc.aio

from llmrpc import v1 as pb
from llmrpc.errors import StreamInterruptedError
from llmrpc.status import error_from_rpc
from llmrpc.stream import EventStream


def being_cancelled() -> bool:
    """Whether the running task was cancelled.

    grpc raises `CancelledError` also in tasks that were not, when the call or its
    channel is closed elsewhere.
    """
    task = asyncio.current_task()
    return task is not None and task.cancelling() > 0


class GatewayStream(EventStream):
    """The events of one StreamText call.

    Raises `StreamInterruptedError` for a gap in the sequence and for an end
    without `completed`. Whatever ends it early cancels the call: an error, a
    cancelled task, `aclose`, and at the latest the garbage collector.
    """

    def __init__(
        self,
        rpc: grpc.aio.UnaryStreamCall[pb.GenerateRequest, pb.StreamEvent],
        target: str,
        request_id: str,
    ) -> None:
        self._rpc = rpc
        self._target = target
        self._request_id = request_id
        self._expected = 1
        self._first: pb.StreamEvent | None = None
        self._whole = False
        self._closed = False

    async def open(self) -> None:
        """Waits for the first event; raises what came in its place."""
        self._first = await self._receive()

    async def __anext__(self) -> pb.StreamEvent:
        first = self._first
        if first is not None:
            self._first = None
            return first
        if self._closed:
            raise StopAsyncIteration
        return await self._receive()

    async def aclose(self) -> None:
        self._first = None
        self._closed = True
        self._rpc.cancel()

    async def _receive(self) -> pb.StreamEvent:
        try:
            event = await self._rpc.read()
        except grpc.aio.AioRpcError as error:
            raise error_from_rpc(
                error, self._target, self._request_id, started=self._expected > 1
            ) from error
        except asyncio.CancelledError:
            self._rpc.cancel()
            if being_cancelled():
                raise
            what = "it was" if self._closed else "the client was"
            raise self._interrupted(f"{what} closed while it was read") from None
        if not isinstance(event, pb.StreamEvent):  # the end
            if self._whole:
                raise StopAsyncIteration
            raise self._interrupted("it ended without its completed response")
        if event.sequence != self._expected or self._whole:
            self._rpc.cancel()
            place = "behind the completed response" if self._whole else f"for {self._expected}"
            raise self._interrupted(f"event {event.sequence} came {place}")
        self._expected += 1
        self._whole = event.HasField("completed")
        return event

    def _interrupted(self, what: str) -> StreamInterruptedError:
        return StreamInterruptedError(
            f"the stream from {self._target} is not whole: {what}",
            metadata={"target": self._target},
            request_id=self._request_id,
        )

    def __del__(self) -> None:
        self._rpc.cancel()
