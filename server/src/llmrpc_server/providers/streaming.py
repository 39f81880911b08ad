"""A provider's stream as events: one read from it is at most one event."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import TypeVar

from llmrpc import v1 as pb
from llmrpc.errors import LLMClientError, ProviderNotAvailableError, StreamInterruptedError
from llmrpc.stream import EventStream
from llmrpc_server.providers.dialect import Dialect
from llmrpc_server.providers.exchange import Exchange
from llmrpc_server.providers.failures import MAX_REQUEST_ID, REQUEST_IDS
from llmrpc_server.providers.filtered import FilteredStream
from llmrpc_server.providers.http import (
    CONNECTION_FAILURES,
    ClientResponse,
    Upstream,
    reaching,
    too_long,
    unreachable,
)
from llmrpc_server.providers.watchdog import Watchdog

T = TypeVar("T")


class UpstreamStream(EventStream):
    """The events of one exchange; made by `open`, with the first at hand."""

    __slots__ = (
        "_bound",
        "_decoder",
        "_ended",
        "_exchange",
        "_failure",
        "_first",
        "_response",
        "_sequence",
        "_watchdog",
    )

    def __init__(self, exchange: Exchange, response: ClientResponse) -> None:
        settings = exchange.provider.upstream.settings
        self._exchange = exchange
        self._response = response
        self._bound = settings.max_body_bytes
        self._decoder = exchange.dialect.decoder(settings.max_event_bytes)
        self._watchdog: Watchdog | None = None
        self._sequence = 0
        self._ended = False
        self._failure: LLMClientError | None = None
        self._first: pb.StreamEvent | None = None

    @classmethod
    async def open(cls, exchange: Exchange) -> EventStream:
        """Sends the request and reads up to the first delta.

        Nothing has reached the caller when this raises.
        """
        provider = exchange.provider
        stream: UpstreamStream | None = None
        try:
            async with asyncio.timeout(exchange.limit):
                with reaching(provider.name, exchange.url):
                    response = await send(exchange)
                    stream = cls(exchange, response)
                    first = await stream._read()
            stream._keep(first)
            return stream
        except TimeoutError as error:
            raise exchange.explain(exchange.timed_out()) from error
        except StreamInterruptedError as error:
            raise exchange.explain(exchange.too_early(error)) from error
        except LLMClientError as error:
            if (answer := exchange.dialect.filtered(error)) is not None:
                return FilteredStream(exchange, answer)
            raise exchange.explain(error) from error.__cause__
        except asyncio.CancelledError as error:
            exchange.attempt.fail(error)
            raise
        finally:
            if stream is not None and stream._first is None:
                exchange.wasted(stream._decoder.answer)
                await stream.aclose()

    def _keep(self, first: pb.StreamEvent) -> None:
        """Holds the first event back for the caller, and watches what follows."""
        self._first = first
        if not self._ended:
            exchange = self._exchange
            self._watchdog = Watchdog(
                exchange.provider.name,
                exchange.provider.upstream.stall_timeout,
                exchange.call.deadline,
                self._response.close,
            )

    async def __anext__(self) -> pb.StreamEvent:
        if self._first is not None:
            event, self._first = self._first, None
            return event
        if self._ended:
            await self.aclose()
            raise StopAsyncIteration
        if self._watchdog is not None:
            self._watchdog.waiting()
        try:
            return await self._read()
        except LLMClientError as error:
            raise self._broken(error) from error.__cause__
        except CONNECTION_FAILURES as error:
            exchange = self._exchange
            failure = unreachable(exchange.provider.name, exchange.url, error)
            raise self._broken(failure) from error

    def _broken(self, failure: LLMClientError) -> LLMClientError:
        self._failure = failure
        cause = (self._watchdog and self._watchdog.error) or failure
        return self._exchange.interrupted(cause, self._decoder.answer)

    async def aclose(self) -> None:
        if self._watchdog is not None:
            self._watchdog.stop()
        if not self._ended:
            self._ended = True
            self._response.close()
            if self._sequence and self._failure is None:
                self._exchange.abandoned(self._decoder.answer)

    async def _read(self) -> pb.StreamEvent:
        """Reads until there is something to tell: usually once."""
        decoder, content = self._decoder, self._response.content
        if self._failure is not None:
            raise self._failure
        while True:
            data = await content.readany()
            try:
                if data:
                    decoder.feed(data)
                else:
                    decoder.finish()
                if decoder.answer.parts.size() > self._bound:
                    raise too_long(self._exchange.provider.name, self._bound)
            except LLMClientError as error:
                deltas = decoder.answer.parts.take()
                if not (self._sequence and deltas):
                    raise
                # what the caller has paid for comes first, the failure next
                self._failure = error
                return self._event(deltas, ended=False)
            deltas = decoder.answer.parts.take()
            ended = decoder.done or not data
            if deltas or ended:
                return self._event(deltas, ended=ended)

    def _event(self, deltas: list[pb.Delta], *, ended: bool) -> pb.StreamEvent:
        self._sequence += 1
        exchange, answer = self._exchange, self._decoder.answer
        event = pb.StreamEvent(sequence=self._sequence, deltas=deltas)
        if self._sequence == 1:
            exchange.start(event, answer)
        if self._watchdog is not None:
            self._watchdog.progress()
        if ended:
            event.completed.CopyFrom(exchange.respond(answer))
            exchange.provider.upstream.finish(self._response)
            self._ended = True
        return event


async def send(exchange: Exchange) -> ClientResponse:
    """Posts the request; an error status becomes the dialect's exception."""
    upstream = exchange.provider.upstream
    response = await upstream.post(exchange.url, exchange.headers, exchange.encoded.body)
    for name in REQUEST_IDS:
        if name in response.headers:
            exchange.attempt.record.provider_request_id = response.headers[name][:MAX_REQUEST_ID]
    return await good(exchange.dialect, upstream, response)


async def good(dialect: Dialect, upstream: Upstream, response: ClientResponse) -> ClientResponse:
    """The response; one with an error status is closed and becomes the dialect's exception."""
    if response.status == 200:
        return response
    if 300 <= response.status < 400:
        response.close()
        raise _redirected(dialect.row.name)
    try:
        body = await upstream.read_error(response)
    finally:
        response.close()
    raise dialect.error(response.status, response.headers, body)


def _redirected(provider: str) -> ProviderNotAvailableError:
    return ProviderNotAvailableError(
        f"{provider} redirects, and a key is sent to its own host alone; correct its base_url",
        reason=pb.ERROR_REASON_PROVIDER_RESPONSE_INVALID,
    )


async def whole(exchange: Exchange) -> pb.LLMResponse:
    """Sends the request and reads the whole answer."""
    dialect, respond = exchange.dialect, exchange.respond

    def filtered(error: LLMClientError) -> pb.LLMResponse | None:
        answer = dialect.filtered(error)
        return None if answer is None else respond(answer)

    return await answered(exchange, lambda body: respond(dialect.decode(body)), filtered)


async def answered(
    exchange: Exchange,
    decode: Callable[[bytes], T],
    instead: Callable[[LLMClientError], T | None] = lambda error: None,
) -> T:
    """Sends the request, and decodes the whole body that is its answer.

    `instead` gives the answer that an error stands for, or None.
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
        return decode(body)
    except TimeoutError as error:
        raise exchange.explain(exchange.timed_out()) from error
    except LLMClientError as error:
        if (answer := instead(error)) is not None:
            return answer
        raise exchange.explain(error) from error.__cause__
    except asyncio.CancelledError as error:
        exchange.attempt.fail(error)
        raise
