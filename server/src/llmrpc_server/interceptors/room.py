"""Room for requests that are on their way: nobody can see how much of one has come."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from llmrpc import v1 as pb
from llmrpc.errors import LLMClientError, ProviderNotAvailableError
from llmrpc_server.interceptors.rpc import Rpc

MOST_WAITING = 1000
"""Calls that may wait for room; gRPC takes 64 KiB of each."""
RETRY_AFTER = 1.0


class Room:
    """Lets so many calls receive their requests at a time.

    The others wait, the newest first: calls that never send anything would keep everybody
    else waiting in a queue. While others wait, a call whose request is not whole after
    `patience` seconds is ended.
    """

    def __init__(
        self, places: int, patience: float, end: Callable[[Rpc, LLMClientError], None]
    ) -> None:
        self._places = places
        self._patience = patience
        self._end = end
        self.receiving: dict[Rpc, float] = {}
        """Each with the time of the event loop when it began, the oldest first."""
        self._waiting: list[tuple[Rpc, asyncio.Future[None]]] = []
        self._timer: asyncio.TimerHandle | None = None
        self._late: set[Rpc] = set()
        """Those that were late at the last look: a request may be there, and the loop busy."""

    def enter(self, rpc: Rpc) -> bool:
        """Takes the call in if there is room."""
        if len(self.receiving) >= self._places:
            return False
        self.receiving[rpc] = asyncio.get_running_loop().time()
        return True

    async def wait(self, rpc: Rpc, seconds: float) -> None:
        """Takes the call in once there is room. Raises GATEWAY_OVERLOADED where none comes."""
        if len(self._waiting) >= MOST_WAITING:
            raise no_room()
        place = rpc, asyncio.get_running_loop().create_future()
        self._waiting.append(place)
        self._arm()
        try:
            async with asyncio.timeout(seconds):
                await place[1]
        except BaseException as error:
            if place in self._waiting:
                self._waiting.remove(place)
            self.leave(rpc)
            if isinstance(error, TimeoutError):
                raise no_room() from None
            raise

    def leave(self, rpc: Rpc) -> None:
        """The request is there, or will never be."""
        self.receiving.pop(rpc, None)
        while self._waiting and len(self.receiving) < self._places:
            other, turn = self._waiting.pop()
            if not turn.done():
                self.enter(other)
                turn.set_result(None)

    def _arm(self) -> None:
        if self._timer is None:
            loop = asyncio.get_running_loop()
            self._timer = loop.call_later(self._patience / 4, self._look)

    def _look(self) -> None:
        self._timer = None
        old = asyncio.get_running_loop().time() - self._patience
        late = {rpc for rpc, since in self.receiving.items() if since <= old}
        ended = [rpc for rpc in self.receiving if rpc in late and rpc in self._late]
        for rpc in ended[: len(self._waiting)]:
            self._end(rpc, no_room())
        self._late = late if self._waiting else set()
        if self._waiting:
            self._arm()


def no_room() -> LLMClientError:
    """The error for a call that others wait for, or that waited itself."""
    return ProviderNotAvailableError(
        "gateway is receiving as many requests as it has memory for, and this one did not "
        f"arrive in time; retry after {RETRY_AFTER:g} s",
        reason=pb.ERROR_REASON_GATEWAY_OVERLOADED,
        retry_after=RETRY_AFTER,
    )
