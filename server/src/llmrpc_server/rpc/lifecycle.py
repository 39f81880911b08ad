"""Runs a server until it is told to stop, and stops it without losing a call."""

from __future__ import annotations

import asyncio
import logging
import signal
from collections.abc import Awaitable

import grpc

from llmrpc_server.rpc.drain import Drain
from llmrpc_server.rpc.health import Health
from llmrpc_server.rpc.server import ListenSettings

logger = logging.getLogger(__name__)


class Lifecycle:
    """NOT_SERVING first, a pause for endpoints to notice, then the port closes.

    Running calls finish within the grace. A second signal ends it.
    """

    def __init__(
        self, server: grpc.aio.Server, health: Health, drain: Drain, settings: ListenSettings
    ) -> None:
        self._server = server
        self._health = health
        self._drain = drain
        self._settings = settings
        self._stop = asyncio.Event()
        self._hurry = asyncio.Event()

    def heed_signals(self) -> None:
        """SIGTERM and SIGINT request the stop from now on."""
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
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
        logger.info(
            "stopping: running calls have %g s; a second signal stops at once", self._settings.grace
        )
        await self._health.stop()
        await self._unless_hurried(asyncio.sleep(self._settings.drain_pause))
        self._health.end_watches()
        self._drain.begin(self._settings.grace)
        stopping = asyncio.ensure_future(self._server.stop(self._settings.grace))
        await self._unless_hurried(asyncio.shield(stopping))
        if not stopping.done():
            await self._server.stop(0)
        await stopping
        logger.info("stopped")

    async def _unless_hurried(self, work: Awaitable[None]) -> None:
        task = asyncio.ensure_future(work)
        hurry = asyncio.ensure_future(self._hurry.wait())
        await asyncio.wait({task, hurry}, return_when=asyncio.FIRST_COMPLETED)
        hurry.cancel()
        if not task.done():
            task.cancel()
