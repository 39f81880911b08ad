"""The HTTP library's pool, held to what it does not promise by itself.

A connection is used again only while nothing lies on it unread, and whoever reads from one
hears at once that it is gone. Both lean on names of aiohttp's own; the tests in
`tests/hostile` fail if a new version moves them.
"""

from __future__ import annotations

import asyncio
import select
import ssl
from collections.abc import Callable, Sequence
from contextvars import ContextVar
from functools import partial
from typing import Any

import aiohttp
from aiohttp.client_proto import ResponseHandler
from aiohttp.connector import Connection

from llmrpc_server.providers.resolver import GuardedResolver, guarded_socket

CONNECTED: ContextVar[Callable[[], None] | None] = ContextVar("llmrpc_connected", default=None)
"""What is called once the request of this task has a connection, so before it is sent."""


class Connector(aiohttp.TCPConnector):
    """Connections by provider. `CONNECTED` is told of each before a request is sent on it.

    Addresses that no provider may have are refused.
    """

    def __init__(self, *, limit: int, keepalive: float, context: ssl.SSLContext) -> None:
        super().__init__(
            limit=limit,
            keepalive_timeout=keepalive,
            ssl=context,
            resolver=GuardedResolver(),
            socket_factory=guarded_socket,
        )
        self._factory: Any = partial(_Protocol, loop=self._loop)

    async def _get(self, *arguments: Any) -> Connection | None:
        """An idle connection; None where there is none.

        One with unread bytes is closed: they would answer somebody else's request.
        """
        while (connection := await super()._get(*arguments)) is not None:
            if connection.protocol is not None and not _has_unread(connection.protocol):
                if connected := CONNECTED.get():
                    connected()
                return connection
            connection.close()
        return None

    async def _create_connection(self, *arguments: Any) -> ResponseHandler:
        """A new connection."""
        protocol = await super()._create_connection(*arguments)
        if connected := CONNECTED.get():
            connected()
        return protocol


class _Protocol(ResponseHandler):
    """Passes every end of the connection on to the body that is being read."""

    readable: Callable[[int], Sequence[Any]] | None = None
    """Asks the socket whether it has bytes; made once a connection, since that takes longer."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        super().connection_made(transport)
        socket = transport.get_extra_info("socket")
        if socket is not None and (number := socket.fileno()) >= 0:
            poll = select.poll()
            poll.register(number, select.POLLIN)
            self.readable = poll.poll

    def set_exception(self, exc: BaseException, *cause: Any) -> None:
        super().set_exception(exc, *cause)
        _break(self._payload)

    def connection_lost(self, exc: BaseException | None) -> None:
        body = self._payload
        super().connection_lost(exc)
        _break(body)


def _break(body: aiohttp.StreamReader | None) -> None:
    if body is not None and not body.is_eof() and body.exception() is None:
        body.set_exception(aiohttp.ClientPayloadError("the body broke off"))


def _has_unread(protocol: ResponseHandler) -> bool:
    """Whether bytes came on an idle connection: parsed, in part, or still in the kernel."""
    return protocol.should_close or _is_begun(protocol) or _is_readable(protocol)


def _is_begun(protocol: ResponseHandler) -> bool:
    """Whether the parser holds the start of another response."""
    try:
        return protocol._parser is None or protocol._parser.feed_eof() is not None
    except Exception:  # noqa: BLE001 - what came cannot even be the start of one
        return True


def _is_readable(protocol: ResponseHandler) -> bool:
    """Whether the socket has bytes, or its end, that the event loop has not seen yet."""
    readable = getattr(protocol, "readable", None)
    return readable is None or bool(readable(0))
