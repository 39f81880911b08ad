"""Runs a server until it is told to stop, and stops it without losing a call."""

from __future__ import annotations

import asyncio
import logging
import signal
from collections.abc import Awaitable
from contextlib import suppress
from functools import partial

import grpc

from llmrpc_server.interceptors.calls import Calls
from llmrpc_server.rpc.batch import THE_END
from llmrpc_server.rpc.drain import Drain, stopping
from llmrpc_server.rpc.health import Health
from llmrpc_server.rpc.server import ListenSettings

logger = logging.getLogger(__name__)

IDLE = 1.0
"""Seconds that calls of a stopping server have whose requests are not there, and those of
health and reflection."""
LAST = 1.0
"""Seconds that the last statuses and the closing of connections may take."""


class Lifecycle:
    """NOT_SERVING first, a pause for endpoints to notice, then the port closes.

    Running calls finish within the grace; then, or at a second signal, they end with a status
    that says what they used and that another gateway may be asked.
    """

    def __init__(
        self,
        server: grpc.aio.Server,
        health: Health,
        drain: Drain,
        calls: Calls,
        settings: ListenSettings,
    ) -> None:
        self._server = server
        self._health = health
        self._drain = drain
        self._calls = calls
        self._settings = settings
        self._stop = asyncio.Event()
        self._hurry = asyncio.Event()

    def heed_signals(self) -> None:
        """SIGTERM, SIGINT and SIGHUP request the stop from now on."""
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
            loop.add_signal_handler(number, self.request_stop)

    async def run(self) -> None:
        """Returns when a stop was requested and the server has stopped."""
        await self._stop.wait()
        await self.stop()

    def request_stop(self) -> None:
        """Starts the stop; asked again, cuts it short."""
        if self._stop.is_set():
            self._hurry.set()
        self._stop.set()

    async def stop(self) -> None:
        """Drains and stops."""
        grace = self._settings.grace
        logger.info("stopping: running calls have %g s; a second signal stops at once", grace)
        await self._health.stop()
        await self._unless_hurried(asyncio.sleep(self._settings.drain_pause))
        self._health.end_watches()
        self._drain.begin(grace)
        # later than the last statuses: gRPC's own end of the grace has none
        closing = asyncio.ensure_future(self._server.stop(grace + LAST))
        idle = asyncio.get_running_loop().call_later(
            min(IDLE, grace / 2), partial(self._calls.end_all, stopping, begun=False)
        )
        await self._unless_hurried(asyncio.wait_for(self._calls.over(), THE_END * grace))
        idle.cancel()
        if self._hurry.is_set():
            self._drain.begin(0.0)
        self._calls.end_all(stopping, begun=True)
        with suppress(TimeoutError):
            await asyncio.wait_for(self._last(closing), LAST)
        if not closing.done():
            await self._server.stop(0)
        await closing
        logger.info("stopped")

    async def _last(self, closing: asyncio.Future[None]) -> None:
        """Returns when the last statuses have left and the connections are closed."""
        await self._calls.over()
        await asyncio.wait({closing})

    async def _unless_hurried(self, work: Awaitable[None]) -> None:
        task = asyncio.ensure_future(work)
        hurry = asyncio.ensure_future(self._hurry.wait())
        await asyncio.wait({task, hurry}, return_when=asyncio.FIRST_COMPLETED)
        hurry.cancel()
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
