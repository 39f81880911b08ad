"""All IO towards providers: one session, bounded reads, typed errors."""

from __future__ import annotations

import asyncio
import io
import ssl
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import aiohttp
from aiohttp import ClientResponse
from yarl import URL

from llmrpc.errors import ProviderNotAvailableError
from llmrpc.secret import Secret
from llmrpc_server.bounds import AtLeastOne, Count, Positive, Seconds
from llmrpc_server.frames import drop_frames
from llmrpc_server.providers.connection_failures import ConnectionFailedError
from llmrpc_server.providers.connections import CONNECTED, Connector
from llmrpc_server.providers.failures import unreadable
from llmrpc_server.providers.whole_body import BodyEnd, JsonEnd

__all__ = [
    "URL",
    "ClientResponse",
    "HttpSettings",
    "Upstream",
    "next_bytes",
    "received",
    "says_length",
    "too_long",
]

MiB = 1024 * 1024
ERROR_BODY_BYTES = 64 * 1024
"""An error's body is read this far."""
LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})
"""Hosts that are never reached through the proxy."""
DRAIN_SECONDS = 1.0
"""How long the end of a finished stream is waited for, out of the caller's way,
so that its connection can be used again."""


@dataclass(frozen=True, slots=True)
class HttpSettings:
    """How providers are reached. Times are in seconds, sizes in bytes."""

    connect_timeout: Positive = 10.0
    """What making a connection may take, the wait for a free one included."""
    connections: Count = 0
    """Most connections at a time; 0 is no bound."""
    keepalive: Seconds = 60.0
    """How long an idle connection is kept."""
    proxy: Secret | None = None
    """The URL of an HTTP proxy for all providers; it may hold a password. HTTPS_PROXY
    and its like are not read."""
    ca_bundle: str | None = None
    """A PEM file of certificate authorities; without one the system's."""
    max_body_bytes: AtLeastOne = 32 * MiB
    """Bound of a whole answer, after decompression; of a stream, the text that it carries."""
    max_event_bytes: AtLeastOne = 32 * MiB
    """Bound of one event of a stream, after decompression. One event can hold an image, or
    the whole answer."""
    end_grace: Seconds = 1.0
    """How long the provider's mark of the end, or the end of a body, is waited for once an
    answer or an error is complete, on a connection that stays open."""
    usage_grace: Seconds = 5.0
    """The same while only the usage is missing that was asked for; then it is estimated."""


class Upstream:
    """One pool of connections for all providers.

    Nothing is done before `open`, so it can be made anywhere.
    Redirects are not followed (a key belongs to its host), cookies are not kept.
    """

    def __init__(self, settings: HttpSettings | None = None, stall_timeout: float = 30.0) -> None:
        self.settings = settings or HttpSettings()
        self.stall_timeout = stall_timeout
        """Seconds of silence that end a stream, and bound a call without a deadline."""
        self._session: aiohttp.ClientSession | None = None
        self._drains: set[asyncio.Task[None]] = set()

    async def post(
        self,
        url: URL,
        headers: Mapping[str, str],
        body: bytes,
        connected: Callable[[], None] | None = None,
    ) -> ClientResponse:
        """Posts a body and gives the response, its own body not yet read.

        `connected` is called when there is a connection, just before it is sent.
        The caller ends it with `finish`, or with the response's `close`. Call it,
        and read the response, inside `reaching`.
        """
        token = CONNECTED.set(connected)
        try:
            return await self._request("POST", url, headers, body)
        finally:
            CONNECTED.reset(token)

    async def get(self, url: URL, headers: Mapping[str, str]) -> ClientResponse:
        """Asks for a document; all else is as in `post`."""
        return await self._request("GET", url, headers, None)

    async def _request(
        self, method: str, url: URL, headers: Mapping[str, str], body: bytes | None
    ) -> ClientResponse:
        """A large body, such as one with images, leaves the event loop free in between."""
        secret = self.settings.proxy
        proxy = secret.reveal() if secret and url.host not in LOOPBACK else None
        data = io.BytesIO(body) if body is not None and len(body) > MiB else body
        request = self.open().request(
            method, url, data=data, headers=headers, allow_redirects=False, proxy=proxy
        )
        try:
            return await request
        except Exception as error:
            raise ConnectionFailedError from error

    async def read(
        self, response: ClientResponse, provider: str, end: BodyEnd | None = None
    ) -> bytes:
        """The whole body, within the bound.

        `end` tells it on a connection that stays open, or breaks.
        """
        bound = self.settings.max_body_bytes
        content = response.content
        chunks: list[bytes] = []
        size = 0
        end = end or JsonEnd()
        try:
            while not content.at_eof():
                chunk = await self._next(response, size > 0, end)
                if chunk is None:
                    break
                size += len(chunk)
                if size > bound:
                    raise too_long(provider, bound)
                chunks.append(chunk)
                if end.take(chunk):
                    break
        except ConnectionFailedError:
            last = received(response)
            body = b"".join([*chunks, last])
            if len(body) > bound or not (end.take(last) or end.is_whole(broken=True)):
                raise
            return body
        return b"".join(chunks)

    async def read_error(self, response: ClientResponse) -> bytes:
        """The start of an error's body."""
        end = JsonEnd()
        chunks: list[bytes] = []
        size = 0
        while size < ERROR_BODY_BYTES and (chunk := await self._next(response, size > 0, end)):
            chunks.append(chunk)
            end.take(chunk)
            size += len(chunk)
        return b"".join(chunks)

    async def _next(self, response: ClientResponse, begun: bool, end: BodyEnd) -> bytes | None:
        """The next bytes of a body; None when silence follows what is whole."""
        if not begun:
            return await next_bytes(response)
        return await self.next_unless(lambda: end.is_whole(broken=False), response)

    async def next_unless(
        self, whole: Callable[[], bool], response: ClientResponse
    ) -> bytes | None:
        """The next bytes of a body; None if `end_grace` passes without any, and it is `whole`."""
        try:
            async with asyncio.timeout(self.settings.end_grace):
                return await next_bytes(response)
        except TimeoutError:
            if whole():
                return None
        return await next_bytes(response)

    def finish(self, response: ClientResponse) -> None:
        """Lets go of a response whose last event was read.

        Its connection is used again if the end of the body comes soon.
        """
        if response.content.at_eof():
            response.release()
            return
        task = asyncio.get_running_loop().create_task(_drain(response))
        self._drains.add(task)
        task.add_done_callback(self._drains.discard)
        task.add_done_callback(lambda _: response.release())  # also if it never began

    async def close(self) -> None:
        """Closes all connections."""
        for task in tuple(self._drains):
            task.cancel()
        if self._session is not None:
            await self._session.close()

    def open(self) -> aiohttp.ClientSession:
        """Readies the pool, lest the first call waits while certificates are read."""
        if self._session is None:
            settings = self.settings
            context = ssl.create_default_context(cafile=settings.ca_bundle)
            self._session = aiohttp.ClientSession(
                connector=Connector(
                    limit=settings.connections, keepalive=settings.keepalive, context=context
                ),
                cookie_jar=aiohttp.DummyCookieJar(),
                timeout=aiohttp.ClientTimeout(total=None, connect=settings.connect_timeout),
                trust_env=False,
            )
        return self._session


async def _drain(response: ClientResponse) -> None:
    try:
        async with asyncio.timeout(DRAIN_SECONDS):
            while await next_bytes(response):
                pass
    except (TimeoutError, ConnectionFailedError) as error:
        drop_frames(error)  # the response keeps it


async def next_bytes(response: ClientResponse) -> bytes:
    """The next bytes of a body, none at its end. Raises `ConnectionFailedError`."""
    try:
        return await response.content.readany()
    except Exception as error:
        raise ConnectionFailedError from error


def received(response: ClientResponse) -> bytes:
    """What came before a connection broke and was not read: reading would raise the break."""
    content = response.content
    error = content.exception()
    content.set_exception(None)  # type: ignore[arg-type]
    data = content.read_nowait()
    if error is not None:
        drop_frames(error)
        content.set_exception(error)
    return data


def says_length(response: ClientResponse) -> bool:
    """Whether the provider said how long its body is: then it came whole, unless it broke."""
    return "Content-Length" in response.headers


def too_long(provider: str, bound: int) -> ProviderNotAvailableError:
    """The error for an answer over `max_body_bytes`."""
    error = unreadable(provider, f"answered with more than {bound} bytes")
    error.metadata["max_body_bytes"] = str(bound)
    return error
