"""Room for requests that are on their way: nobody can see how much of one has come."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import TypeAlias

from llmrpc import v1 as pb
from llmrpc.errors import LLMClientError, ProviderNotAvailableError
from llmrpc_server.interceptors.rpc import Rpc

MOST_WAITING = 1000
"""Calls that may wait for room, of known connections and of others; gRPC takes 64 KiB of each."""
RETRY_AFTER = 1.0
MOST_KNOWN = 10_000
"""Connections that are remembered because a request of theirs arrived."""

Place: TypeAlias = tuple[Rpc, "asyncio.Future[None]"]


class Room:
    """Lets so many calls receive their requests at a time.

    The others wait, the newest first: calls that never send anything would keep everybody
    else waiting in a queue. Before them come those of connections whose last request arrived,
    since silent calls can be made as fast as they are ended. While others wait, a call whose
    request is not whole after `patience` seconds is ended.
    """

    def __init__(
        self, places: int, patience: float, end: Callable[[Rpc, LLMClientError], None]
    ) -> None:
        self._places = places
        self._patience = patience
        self._end = end
        self.receiving: dict[Rpc, float] = {}
        """Each with the time of the event loop when it began, the oldest first."""
        self._known: dict[str, None] = {}
        """Peers whose last request arrived, the latest last."""
        self._waiting: tuple[list[Place], list[Place]] = [], []
        """Those of known peers, and all others; each the newest last."""
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
        waiting = self._waiting[rpc.peer not in self._known]
        if len(waiting) >= MOST_WAITING:
            raise no_room()
        place = rpc, asyncio.get_running_loop().create_future()
        waiting.append(place)
        self._arm()
        try:
            async with asyncio.timeout(seconds):
                await place[1]
        except BaseException as error:
            if place in waiting:
                waiting.remove(place)
            self.leave(rpc)
            if isinstance(error, TimeoutError):
                raise no_room() from None
            raise

    def arrived(self, rpc: Rpc) -> None:
        """The request is there."""
        self._known.pop(rpc.peer, None)
        self._known[rpc.peer] = None
        if len(self._known) > MOST_KNOWN:
            del self._known[next(iter(self._known))]
        del self.receiving[rpc]
        self._go_on()

    def leave(self, rpc: Rpc) -> None:
        """The request will never be there, or not be received."""
        if rpc in self.receiving:
            del self.receiving[rpc]
            self._known.pop(rpc.peer, None)
        self._go_on()

    def _go_on(self) -> None:
        while len(self.receiving) < self._places and any(self._waiting):
            other, turn = (self._waiting[0] or self._waiting[1]).pop()
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
        for rpc in ended[: sum(map(len, self._waiting))]:
            self._end(rpc, no_room())
        self._late = late if any(self._waiting) else set()
        if any(self._waiting):
            self._arm()


def no_room() -> LLMClientError:
    """The error for a call that others wait for, or that waited itself."""
    return ProviderNotAvailableError(
        "gateway is receiving as many requests as it has memory for, and this one did not "
        f"arrive in time; retry after {RETRY_AFTER:g} s",
        reason=pb.ERROR_REASON_GATEWAY_OVERLOADED,
        retry_after=RETRY_AFTER,
    )
