"""A request, and the whole answer to it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import TypeVar

from llmrpc import v1 as pb
from llmrpc.errors import LLMClientError, StreamInterruptedError
from llmrpc_server.frames import drop_frames
from llmrpc_server.providers.dialect import Answer, Dialect
from llmrpc_server.providers.exchange import Exchange
from llmrpc_server.providers.failures import MAX_REQUEST_ID, REQUEST_IDS, AnsweredError, unreadable
from llmrpc_server.providers.http import (
    UNKNOWN_ENCODING,
    ClientResponse,
    Upstream,
    is_closed,
    reaching,
)

T = TypeVar("T")

_ENCODINGS = frozenset({"", "identity", "gzip", "deflate", "br", "zstd"})
"""Encodings of a body that the HTTP library undoes, or names itself where it cannot."""
_EVENTS = (b"data:", b"event:", b":", b"id:", b"retry:")
"""How an event stream begins."""


async def send(exchange: Exchange) -> ClientResponse:
    """Posts the request; an error status becomes the dialect's exception.

    Where a default spoils it that nobody asked for, it is posted once more without it.
    """
    try:
        return await _post(exchange)
    except LLMClientError as error:
        if not exchange.without_default(error):
            raise
        drop_frames(error)
    return await _post(exchange)


async def _post(exchange: Exchange) -> ClientResponse:
    upstream = exchange.provider.upstream
    response = await upstream.post(exchange.url, exchange.headers, exchange.encoded.body)
    for name in REQUEST_IDS:
        if name in response.headers:
            exchange.attempt.record.provider_request_id = response.headers[name][:MAX_REQUEST_ID]
    return await good(exchange.dialect, upstream, response)


async def good(dialect: Dialect, upstream: Upstream, response: ClientResponse) -> ClientResponse:
    """The response; one with an error status is closed and becomes the dialect's exception.

    What is neither an answer nor an error is not asked for again.
    """
    status = response.status
    if status == 200:
        if response.headers.get("Content-Encoding", "").lower() in _ENCODINGS:
            return response
        response.close()
        raise unreadable(dialect.row.name, UNKNOWN_ENCODING)
    if 300 <= status < 400:
        response.close()
        error: LLMClientError = unreadable(
            dialect.row.name,
            "redirects, and a key is sent to its own host alone; correct its base_url",
        )
        error.http_status = status
        raise error
    try:
        body = await upstream.read_error(response)
    finally:
        response.close()
    error = dialect.error(status, response.headers, body)
    error.retryable = error.retryable and status >= 400
    raise error


async def whole(exchange: Exchange) -> pb.LLMResponse:
    """Sends the request and reads the whole answer."""
    respond = exchange.respond

    def decode(body: bytes) -> pb.LLMResponse:
        try:
            return respond(_read(exchange, body))
        except LLMClientError as error:
            if error.reason == pb.ERROR_REASON_PROVIDER_RESPONSE_INVALID:
                exchange.unread(error, Answer(), body)
            raise

    try:
        return await answered(exchange, decode)
    except AnsweredError as error:
        return respond(exchange.ended(error, Answer()))
    except LLMClientError as error:
        invalid = error.reason == pb.ERROR_REASON_PROVIDER_RESPONSE_INVALID
        if invalid and not (error.http_status or error.usage):
            exchange.unread(error, Answer())
        raise


def _read(exchange: Exchange, body: bytes) -> Answer:
    """The answer in a body; some servers stream whatever they are asked for."""
    dialect = exchange.dialect
    if not body.lstrip().startswith(_EVENTS):
        return dialect.decode(body)
    decoder = dialect.decoder(exchange.provider.upstream.settings.max_event_bytes)
    try:
        decoder.feed(body)
        decoder.finish()
    except StreamInterruptedError as error:
        raise exchange.too_early(error) from error
    return decoder.answer


async def answered(exchange: Exchange, decode: Callable[[bytes], T]) -> T:
    """Sends the request, and decodes the whole body that is its answer.

    A body that was cut short, which it is not where the provider said how long it is, is
    asked for again.
    """
    provider = exchange.provider
    upstream = provider.upstream
    try:
        async with asyncio.timeout(exchange.limit):
            with reaching(provider.name, exchange.url):
                response = await send(exchange)
                try:
                    body = await upstream.read(response, provider.name)
                finally:
                    response.release()
        try:
            return decode(body)
        except LLMClientError as error:
            cut = body.lstrip().startswith((b"{", b"[")) and not is_closed(body)
            if cut and "Content-Length" not in response.headers:
                error.retryable = True
            raise
    except TimeoutError as error:
        raise exchange.explain(exchange.timed_out()) from error
    except LLMClientError as error:
        raise exchange.explain(error) from error.__cause__
    except asyncio.CancelledError as error:
        exchange.attempt.fail(error)
        raise
