"""grpc.health.v1 for the server, its service, and each provider."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from grpc_health.v1 import health, health_pb2

SERVICE = "llmrpc.v1.LLMService"
_UP = health_pb2.HealthCheckResponse.SERVING
_DOWN = health_pb2.HealthCheckResponse.NOT_SERVING


class Health:
    """The statuses of `""`, `llmrpc.v1.LLMService` and `provider/<name>`.

    A provider that is down changes its own status alone: the gateway still
    answers for all others.
    """

    def __init__(self, providers: Sequence[str]) -> None:
        self.servicer = health.aio.HealthServicer()
        self._providers = tuple(providers)
        self._changes: set[asyncio.Task[None]] = set()

    async def start(self) -> None:
        """All is serving."""
        for name in ("", SERVICE, *(f"provider/{name}" for name in self._providers)):
            await self.servicer.set(name, _UP)

    def provider_changed(self, provider: str, up: bool) -> None:
        """A provider went down or came back; to be called inside the event loop."""
        change = asyncio.get_running_loop().create_task(
            self.servicer.set(f"provider/{provider}", _UP if up else _DOWN)
        )
        self._changes.add(change)
        change.add_done_callback(self._changes.discard)

    async def stop(self) -> None:
        """Nothing is serving any more; later changes are ignored."""
        await self.servicer.enter_graceful_shutdown()
