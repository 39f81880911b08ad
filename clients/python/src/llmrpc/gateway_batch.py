"""A batch over one call: items go out as gRPC takes them, results come as they finish."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from contextlib import aclosing, suppress
from typing import TypeAlias

import grpc.aio

from llmrpc import v1 as pb
from llmrpc.batch_items import BatchItems, each
from llmrpc.errors import StreamInterruptedError
from llmrpc.gateway_stream import being_cancelled
from llmrpc.status import error_from_rpc

_Rpc: TypeAlias = grpc.aio.StreamStreamCall[pb.BatchItem, pb.BatchResult]


class _Sender:
    """Sends the items in a task of its own, since results come in between."""

    def __init__(self, rpc: _Rpc, items: BatchItems) -> None:
        self.sent = 0
        self.finished = False
        """Whether the items came to their end."""
        self.failure: BaseException | None = None
        """What the caller's own iterable raised."""
        self._rpc = rpc
        self._items = items
        self._task = asyncio.get_running_loop().create_task(self._send())
        self._task.add_done_callback(self._over)

    async def _send(self) -> None:
        async with aclosing(each(self._items)) as items:
            async for item in items:
                self.sent += 1
                if not await self._write(item):
                    return
        self.finished = True
        with suppress(grpc.aio.InternalError):  # the call is over: its reader learns why
            await self._rpc.done_writing()

    async def _write(self, item: pb.BatchItem) -> bool:
        """Sends one item; False where the call is over.

        The call's own `write`, which an iterator given to the call goes through too, would
        then put an error of its own in the place of the status, and of the results that
        are still to be read (seen with grpcio 1.85). So what lies below it is called; a
        grpcio that has it no more gets `write`, right but for such an end.
        """
        below = getattr(self._rpc, "_cython_call", None)  # private
        send = getattr(below, "send_serialized_message", None)
        try:
            await self._rpc.wait_for_connection()
            if send is None:
                await self._rpc.write(item)
            else:
                await send(item.SerializeToString())
        except (grpc.aio.AioRpcError, grpc.aio.InternalError, asyncio.InvalidStateError):
            return False
        return True

    def _over(self, task: asyncio.Task[None]) -> None:
        if not task.cancelled() and (failure := task.exception()) is not None:
            self.failure = failure
            self._rpc.cancel()

    async def stop(self) -> None:
        """Pulls no more."""
        self._task.cancel()
        await asyncio.wait([self._task])


async def run_batch(
    rpc: _Rpc, items: BatchItems, target: str, request_id: str
) -> AsyncGenerator[pb.BatchResult, None]:
    """The results; whatever ends it early cancels the call and stops the pulling."""
    sender = _Sender(rpc, items)
    received = 0
    try:
        while isinstance(result := await rpc.read(), pb.BatchResult):
            received += 1
            yield result
        if received != sender.sent or not sender.finished:
            said = f"it ended with {received} results for {sender.sent} items"
            raise _interrupted(target, request_id, said)
    except grpc.aio.AioRpcError as error:
        raise error_from_rpc(error, target, request_id, started=received > 0) from error
    except asyncio.CancelledError:
        if being_cancelled():
            raise
        if sender.failure is not None:
            raise sender.failure from None
        raise _interrupted(target, request_id, "the client was closed") from None
    finally:
        rpc.cancel()
        await sender.stop()


def _interrupted(target: str, request_id: str, what: str) -> StreamInterruptedError:
    return StreamInterruptedError(
        f"the batch at {target} is not whole: {what}",
        metadata={"target": target},
        request_id=request_id,
    )
