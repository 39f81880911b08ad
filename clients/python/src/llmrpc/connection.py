"""The connection of a client: made by its first call, and of that call's loop."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

import grpc.aio

from llmrpc.channel import TLS, open_channel
from llmrpc.v1.llm_service_pb2_grpc import LLMServiceStub

if TYPE_CHECKING:
    from llmrpc.v1.llm_service_pb2_grpc import LLMServiceAsyncStub


class Opened(NamedTuple):
    """A channel, and the service on it."""

    channel: grpc.aio.Channel
    service: LLMServiceAsyncStub


class Connection:
    """Opens the channel to `target` when it is first asked for, with gRPC's own options."""

    def __init__(self, target: str, tls: TLS | None, options: Sequence[tuple[str, Any]]) -> None:
        self._target = target
        self._tls = tls
        self._options = tuple(options)
        self._opened: Opened | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._closed = False

    def open(self) -> Opened:
        """The channel; `RuntimeError` in another loop than the first, and when closed."""
        loop = asyncio.get_running_loop()
        if self._closed:
            raise RuntimeError("this client is closed")
        if self._opened is None:
            channel = open_channel(self._target, self._tls, self._options)
            self._opened, self._loop = Opened(channel, LLMServiceStub(channel)), loop
        elif self._loop is not loop:
            raise RuntimeError(
                "this client belongs to another event loop: make one in each loop, or share "
                "client.blocking() between threads"
            )
        return self._opened

    async def close(self) -> None:
        """Ends all calls; may be repeated."""
        self._closed = True
        if self._opened is not None:
            await self._opened.channel.close()
