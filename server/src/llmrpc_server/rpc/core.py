"""A call in gRPC's core, before a handler has it and after: what gRPC's own API does not reach.

grpc.aio tells a handler of its call once the request is there, and lets go of it with the
answer; until then, and after, nobody can say whose it is or end it. Each call is two tasks of
gRPC's: one that runs the handler (`task` below), and its guard, which waits for the end of the
call. Both hold the call's state. Where a release of grpcio keeps it elsewhere, such calls end
when their connections do, and the tests in tests/hostile fail.
"""

from __future__ import annotations

import asyncio
import gc
import logging
from collections.abc import Callable, Iterable
from typing import Any

import grpc
from grpc._cython import cygrpc  # type: ignore[attr-defined]  # has no types

GUARD = "rpc_task"
"""The name of each guard."""


class CoreCall:
    """A call by its state, from its headers to its end."""

    __slots__ = ("_context", "_state", "_task", "peer")

    def __init__(self, task: asyncio.Task[Any]) -> None:
        self._task = task
        self._state = _state_of(task)
        self._context: Any = None
        self.peer = ""
        """Where it comes from: `ipv4:127.0.0.1:50000`; empty if that cannot be known."""
        if self._state is not None:
            loop = asyncio.get_running_loop()
            self._context = cygrpc._ServicerContext(self._state, None, None, loop)
            self.peer = self._context.peer()

    async def abort_with_status(self, status: grpc.Status) -> None:
        """Ends a call whose request has not come; does nothing if it is over."""
        if self._context is not None and not self._task.done():
            self._task.cancel()  # what waits for the request; until it runs the core has the call
            await self._context.abort(status.code, status.details, status.trailing_metadata)

    def set_trailing_metadata(self, metadata: Any) -> None:
        """Does nothing: a status brings its own."""


def drop(calls: Iterable[CoreCall]) -> None:
    """Lets go of calls whose handlers have returned, or never run.

    Their streams are reset, and what they hold is freed: of the last call that the server
    took once it takes another, since gRPC's loop holds that one too.
    """
    wanted = {id(call._state) for call in calls if call._state is not None}
    for guard in asyncio.all_tasks():
        if guard.get_name() == GUARD:
            for scope in gc.get_referents(guard.get_coro()):
                if any(id(held) in wanted for held in gc.get_referents(scope)):
                    guard.cancel()
    for call in calls:
        call._task.cancel()


def _state_of(task: asyncio.Task[Any]) -> Any:
    """The state of the call whose handler this task is going to run."""
    callbacks: Any = getattr(task, "_callbacks", None)  # gRPC's own is the first
    for scope in gc.get_referents(callbacks[0][0]) if callbacks else ():
        for held in gc.get_referents(scope):
            if isinstance(held, cygrpc.RPCState):
                return held
    return None


def hear_of_large_messages(heard: Callable[[], None]) -> None:
    """Has `heard` called, in the call's own task, when the core refuses a message over the bound.

    gRPC tells nobody but its own log, at DEBUG. That level would make a record a call.
    """
    logger = logging.getLogger("grpc._cython.cygrpc")
    shown = logger.isEnabledFor(logging.DEBUG)

    def debug(message: str, *details: Any) -> None:
        if message.startswith("Failed to receive any message"):
            heard()
        if shown:
            logging.Logger.debug(logger, message, *details)

    logger.debug = debug  # type: ignore[method-assign, assignment]  # it has no hook
