"""The calls that have begun and are not over: what each waits for, and how long it may."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from typing import Any

from llmrpc.errors import GenerationTimeoutError, LLMClientError
from llmrpc_server.interceptors.room import Room
from llmrpc_server.interceptors.rpc import PROBES, Rpc
from llmrpc_server.rpc.core import CoreCall, drop

logger = logging.getLogger(__name__)

KiB = 1024
SLOWEST = 64 * KiB
"""Bytes a second that a caller takes at least, while there is room for what it has not taken."""
OWN_PLACES = 4
"""Requests to health and reflection that are received at a time, apart from all others."""
OWN_PATIENCE = 0.2
"""Seconds that such a request gets to arrive while others wait for its place."""
SHARE = 1 / 3
"""Of `read_timeout`: the same of all other requests."""
SOON = 1.0
"""Seconds that are left to calls that cannot go on as they are."""
LOOK = 0.25
"""Seconds between two looks at what has waited for too long."""


class Calls:
    """Knows every call from its headers until its answer is delivered or it is gone.

    `refuse` ends a call that no handler has, with an error or, if it is over, with none; it is
    set by who runs handlers.
    """

    def __init__(
        self,
        *,
        places: int,
        read_timeout: float,
        write_timeout: float,
        max_undelivered: int,
    ) -> None:
        self.running = 0
        """Calls of LLMService."""
        self.refuse: Callable[[Rpc, LLMClientError | None], Awaitable[Any]] | None = None
        self._read_timeout = read_timeout
        self._write_timeout = write_timeout
        self._max_undelivered = max_undelivered
        self._room = Room(places, SHARE * read_timeout, self.end)
        self._own_room = Room(OWN_PLACES, min(OWN_PATIENCE, read_timeout), self.end)
        self._all: dict[Rpc, asyncio.Task[Any]] = {}
        self._undelivered: dict[Rpc, tuple[float, int]] = {}
        self._bytes = 0
        self._unserved: list[Rpc] = []
        """Those that ended before a handler had them."""
        self._timer: asyncio.TimerHandle | None = None
        self._over: asyncio.Event | None = None
        self._refusals: set[asyncio.Future[Any]] = set()

    async def begin(self, rpc: Rpc) -> None:
        """The headers of a call have come. Returns when there is room for its request.

        Raises GATEWAY_OVERLOADED if there is none. To be called in the call's own task.
        """
        task = asyncio.current_task()
        assert task is not None  # noqa: S101 - there is one in every coroutine
        self._all[rpc] = task
        self.running += rpc.method.startswith("llmrpc.")
        rpc.core = CoreCall(task)
        rpc.peer = rpc.core.peer
        task.add_done_callback(lambda task: self._done(rpc))
        if self._timer is None:
            self._look_later()
        room = rpc.room = self._own_room if rpc.method.startswith(PROBES) else self._room
        if not room.enter(rpc):
            await room.wait(rpc, self._read_timeout)

    def read(self, rpc: Rpc) -> None:
        """Its request is there, the first one of several."""
        if rpc.room is not None:
            rpc.room.arrived(rpc)
            rpc.room = None

    def answered(self, rpc: Rpc, size: int) -> None:
        """Its answer is on the way, or a status that nobody may take."""
        self._undelivered[rpc] = asyncio.get_running_loop().time(), size
        self._bytes += size
        if self._timer is None:
            self._look_later()

    def end(self, rpc: Rpc, error: LLMClientError) -> None:
        """Ends a call that is not answered, with this error."""
        task = self._all.get(rpc)
        if task is None or rpc in self._undelivered or rpc.ending is not None:
            return
        rpc.ending = error
        self._leave_room(rpc)
        if rpc.context is not None:
            task.cancel()
        else:
            self._refuse(rpc, error)

    def end_all(self, error: Callable[[], LLMClientError], *, begun: bool) -> None:
        """Ends all calls; with `begun` false only those that do no work of a caller's.

        These are calls whose request is not there, and those of health and reflection.
        """
        for rpc in tuple(self._all):
            if begun or rpc.room is not None or rpc.method.startswith(PROBES):
                self.end(rpc, error())

    def drop(self, *calls: Rpc) -> None:
        """Lets go of calls that take neither answer nor status."""
        if calls:
            drop([rpc.core for rpc in calls if rpc.core is not None])

    def lost(self, rpc: Rpc) -> None:
        """Its status could not be sent; to be called before the call's task ends."""
        if rpc in self._undelivered:
            self.drop(rpc)

    async def over(self) -> None:
        """Returns when no call is left that has begun."""
        while self._all:
            self._over = asyncio.Event()
            await self._over.wait()

    def _done(self, rpc: Rpc) -> None:
        del self._all[rpc]
        self.running -= rpc.method.startswith("llmrpc.")
        self._leave_room(rpc)
        if (delivered := self._undelivered.pop(rpc, None)) is not None:
            self._bytes -= delivered[1]
        if rpc.context is not None or rpc.refusal is not None:
            rpc.core = None  # it knows the task, and the task the call: a cycle
        elif rpc.ending is None:
            self._unserved.append(rpc)
        # else `refuse` has it, and lets go of it
        if self._over is not None and not self._all:
            self._over.set()

    def _leave_room(self, rpc: Rpc) -> None:
        if rpc.room is not None:
            rpc.room.leave(rpc)
            rpc.room = None

    def _refuse(self, rpc: Rpc, error: LLMClientError | None) -> None:
        if self.refuse is not None:
            refusal = asyncio.ensure_future(self.refuse(rpc, error))
            self._refusals.add(refusal)
            refusal.add_done_callback(self._refusals.discard)

    def _look_later(self) -> None:
        wait = min(LOOK, self._read_timeout / 4, self._write_timeout / 4)
        self._timer = asyncio.get_running_loop().call_later(wait, self._look)

    def _look(self) -> None:
        self._timer = None
        now = asyncio.get_running_loop().time()
        for room in (self._room, self._own_room):
            for rpc, since in tuple(room.receiving.items()):
                if now - since < self._read_timeout:
                    break
                self.end(rpc, _late(self._read_timeout))
        self._cut([each for each in self._undelivered if self._is_overdue(each, now)])
        unserved, self._unserved = self._unserved, []
        self.drop(*unserved)  # those that are not gone have ended without a request
        for rpc in unserved:
            self._refuse(rpc, None)
        if self._all:
            self._look_later()

    def _is_overdue(self, rpc: Rpc, now: float) -> bool:
        since, size = self._undelivered[rpc]
        allowed = self._write_timeout
        if self._bytes <= self._max_undelivered:
            allowed += size / SLOWEST
        elif self._bytes > 2 * self._max_undelivered:
            allowed = min(allowed, SOON)
        return now - since >= allowed

    def _cut(self, overdue: list[Rpc]) -> None:
        for rpc in overdue:
            logger.warning(
                "request %s: the caller at %s did not read its response and was cut",
                rpc.request_id,
                rpc.peer,
            )
        self.drop(*overdue)


def _late(seconds: float) -> LLMClientError:
    return GenerationTimeoutError(
        f"request did not arrive within {seconds:g} s; send it again, and without pauses"
    )
