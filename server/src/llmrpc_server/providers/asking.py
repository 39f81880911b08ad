"""A request, and the whole answer to it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import TypeVar

from llmrpc import v1 as pb
from llmrpc.errors import LLMClientError, StreamInterruptedError
from llmrpc_server.frames import drop_frames
from llmrpc_server.providers.connection_failures import UNKNOWN_ENCODING, reaching
from llmrpc_server.providers.density import check_values
from llmrpc_server.providers.dialect import Answer, Dialect, StreamDecoder
from llmrpc_server.providers.error_words import told
from llmrpc_server.providers.exchange import Exchange
from llmrpc_server.providers.failures import REQUEST_IDS, AnsweredError, unreadable
from llmrpc_server.providers.http import (
    ClientResponse,
    Upstream,
    says_length,
)
from llmrpc_server.providers.kept_json import is_closed
from llmrpc_server.providers.sse import lines_of
from llmrpc_server.providers.whole_body import BOM, AnswerEnd, is_stream

T = TypeVar("T")

_ENCODINGS = frozenset({"", "identity", "gzip", "deflate", "br", "zstd"})
"""Encodings of a body that the HTTP library undoes, or names itself where it cannot."""


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
    response = await upstream.post(
        exchange.url, exchange.headers, exchange.encoded.body, exchange.begin
    )
    for name in REQUEST_IDS:
        if name in response.headers:
            exchange.identified(response.headers[name])
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


def _is_cut(body: bytes) -> bool:
    """Whether a body is JSON that stops before its end."""
    begins = body.lstrip().startswith((b"{", b"["))
    return begins and not (is_closed(body) or lines_of(body))


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
    if not (is_stream(body) or lines_of(body)):
        try:
            return dialect.decode(body.removeprefix(BOM))
        except LLMClientError as error:
            raise told(error, body) from error.__cause__
    decoder = _decoder(exchange)
    try:
        decoder.feed(body)
        decoder.finish()
    except StreamInterruptedError as error:
        raise exchange.too_early(error) from error
    return decoder.answer


def _decoder(exchange: Exchange) -> StreamDecoder:
    return exchange.dialect.decoder(exchange.provider.upstream.settings.max_event_bytes)


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
                    end = AnswerEnd(lambda: _decoder(exchange))
                    body = await upstream.read(response, provider.name, end)
                finally:
                    response.release()
        try:
            check_values(body)
            return decode(body)
        except LLMClientError as error:
            if error.reason == pb.ERROR_REASON_PROVIDER_RESPONSE_INVALID:
                whole = says_length(response)
                error.retryable = not whole and (error.retryable or _is_cut(body))
            raise
    except TimeoutError as error:
        raise exchange.explain(exchange.timed_out(Answer())) from error
    except LLMClientError as error:
        raise exchange.explain(error) from error.__cause__
    except asyncio.CancelledError:
        exchange.abandoned(Answer())
        raise
