"""grpc.health.v1 for the server, its service, and each provider."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any

import grpc
from grpc_health.v1 import health, health_pb2

SERVICE = "llmrpc.v1.LLMService"
Context = grpc.aio.ServicerContext[Any, Any]
_UP = health_pb2.HealthCheckResponse.SERVING
_DOWN = health_pb2.HealthCheckResponse.NOT_SERVING
_Statuses: Any = health_pb2.HealthListResponse  # type: ignore[attr-defined]  # the stubs lack it


class Health:
    """The statuses of `""`, `llmrpc.v1.LLMService` and `provider/<name>`.

    A provider that is down changes its own status alone: the gateway still
    answers for all others.
    """

    def __init__(self, providers: Sequence[str]) -> None:
        self.servicer = _Servicer()
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

    def end_watches(self) -> None:
        """Ends every Watch: one that stays open would hold up the server's stop."""
        for watch in self.servicer.watches:
            watch.reschedule(asyncio.get_running_loop().time())


class _Servicer(health.aio.HealthServicer):
    """Lists all statuses, and knows its running watches, so that they can be ended.

    grpcio-health-checking has no `List` and answers an unknown name without a word.
    """

    def __init__(self) -> None:
        super().__init__()
        self.watches: set[asyncio.Timeout] = set()
        self._names: list[str] = []

    async def set(self, service: str, status: int) -> None:
        if service not in self._names:
            self._names.append(service)
        await super().set(service, status)

    async def Check(
        self, request: health_pb2.HealthCheckRequest, context: Context
    ) -> health_pb2.HealthCheckResponse:
        if request.service not in self._names:
            text = "gateway has no service of that name; Health/List names those it has"
            await context.abort(grpc.StatusCode.NOT_FOUND, text)
        answer: health_pb2.HealthCheckResponse = await super().Check(request, context)
        return answer

    async def List(self, request: Any, context: Context) -> Any:
        answer = _Statuses()
        for name in self._names:
            asked = health_pb2.HealthCheckRequest(service=name)
            answer.statuses[name].CopyFrom(await super().Check(asked, context))
        return answer

    async def Watch(self, request: health_pb2.HealthCheckRequest, context: Context) -> None:
        watch = asyncio.timeout(None)
        try:
            async with watch:
                self.watches.add(watch)
                await super().Watch(request, context)
        except TimeoutError:
            if not watch.expired():
                raise
        finally:
            self.watches.discard(watch)
