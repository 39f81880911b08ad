"""A provider's stream as events: one read from it is at most one event."""

from __future__ import annotations

import asyncio

from llmrpc import v1 as pb
from llmrpc.errors import LLMClientError, StreamInterruptedError
from llmrpc.stream import EventStream
from llmrpc_server.providers.asking import send
from llmrpc_server.providers.connection_failures import (
    ConnectionFailedError,
    reaching,
    unreachable,
)
from llmrpc_server.providers.dialect import Answer, Ending
from llmrpc_server.providers.exchange import Exchange
from llmrpc_server.providers.failures import AnsweredError
from llmrpc_server.providers.filtered import FilteredStream
from llmrpc_server.providers.http import (
    ClientResponse,
    next_bytes,
    received,
    says_length,
    too_long,
)
from llmrpc_server.providers.watchdog import Watchdog


class UpstreamStream(EventStream):
    """The events of one exchange; made by `open`, with the first at hand."""

    __slots__ = (
        "_bound",
        "_decoder",
        "_ended",
        "_ending",
        "_exchange",
        "_failure",
        "_first",
        "_response",
        "_sequence",
        "_until",
        "_watchdog",
    )

    def __init__(self, exchange: Exchange, response: ClientResponse) -> None:
        settings = exchange.provider.upstream.settings
        self._exchange = exchange
        self._response = response
        self._bound = settings.max_body_bytes
        self._decoder = exchange.dialect.decoder(settings.max_event_bytes)
        self._decoder.answer.parts.rename(exchange.encoded.names)
        self._watchdog: Watchdog | None = None
        self._ending = Ending.OPEN
        self._until: float | None = None
        """When a complete answer is taken as such, on a connection that stays open."""
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
            answer = stream._decoder.answer if stream else Answer()
            raise exchange.explain(exchange.timed_out(answer)) from error
        except StreamInterruptedError as error:
            early = exchange.too_early(error)
            if stream is not None and says_length(stream._response):
                early.retryable = False
                exchange.unread(early, stream._decoder.answer)
            raise exchange.explain(early) from error
        except AnsweredError as error:
            return FilteredStream(exchange, exchange.ended(error, Answer()))
        except LLMClientError as error:
            if error.reason == pb.ERROR_REASON_PROVIDER_RESPONSE_INVALID and not error.http_status:
                exchange.unread(error, stream._decoder.answer if stream else Answer())
            raise exchange.explain(error) from error.__cause__
        except asyncio.CancelledError:
            exchange.abandoned(stream._decoder.answer if stream else Answer())
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
        except ConnectionFailedError as error:
            raise self._broken(self._unreachable(error)) from error.__cause__

    def _unreachable(self, error: ConnectionFailedError) -> LLMClientError:
        return unreachable(self._exchange.provider.name, self._exchange.url, error)

    def _broken(self, failure: LLMClientError) -> LLMClientError:
        self._failure = failure
        cause = (self._watchdog and self._watchdog.error) or failure
        silent = cause.reason == pb.ERROR_REASON_PROVIDER_STALLED
        if silent and self._decoder.ending == Ending.BODY:
            provider = self._exchange.provider.name
            cause = StreamInterruptedError(f"{provider} did not say whether its answer had ended")
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
        decoder = self._decoder
        if self._failure is not None:
            raise self._failure
        while True:
            broken: ConnectionFailedError | None = None
            try:
                if decoder.ending >= Ending.USAGE:
                    data = await self._last_bytes()
                else:
                    self._until = None
                    data = await self._more_bytes()
            except ConnectionFailedError as error:
                # Its traceback has this frame, which has it: a cycle that keeps the request.
                data, broken = received(self._response), error.with_traceback(None)
            try:
                if data:
                    decoder.feed(data)
                if not data or (broken and not decoder.done):
                    self._finish(broken)
                if decoder.answer.parts.size() > self._bound:
                    raise too_long(self._exchange.provider.name, self._bound)
            except LLMClientError as error:
                return self._cut(error)
            deltas = decoder.answer.parts.take()
            ended = decoder.done or not data or broken is not None
            if deltas or ended:
                return self._event(deltas, ended=ended)

    def _cut(self, error: LLMClientError) -> pb.StreamEvent:
        """What an error leaves to tell. Raises it where that is nothing."""
        answer = self._decoder.answer
        ends = False
        if isinstance(error, AnsweredError) and self._sequence:
            self._exchange.ended(error, answer)
            ends = True
        deltas = answer.parts.take()
        if not (ends or (self._sequence and deltas)):
            raise error
        if not ends:  # what the caller has paid for comes first, the failure next
            self._failure = error
        return self._event(deltas, ended=ends)

    async def _more_bytes(self) -> bytes:
        """The next bytes; none at the end, or where silence follows a body that is one value."""
        response, decoder = self._response, self._decoder
        if not decoder.may_be_closed:
            return await next_bytes(response)
        upstream = self._exchange.provider.upstream
        return await upstream.next_unless(decoder.is_closed, response) or b""

    async def _last_bytes(self) -> bytes:
        """The next bytes; none at the end, or where a complete answer was waited on for long."""
        ending = self._decoder.ending
        loop = asyncio.get_running_loop()
        if self._until is None or ending != self._ending:
            settings = self._exchange.provider.upstream.settings
            grace = settings.end_grace if ending == Ending.WHOLE else settings.usage_grace
            self._ending, self._until = ending, loop.time() + grace
        try:
            async with asyncio.timeout_at(self._until):
                return await next_bytes(self._response)
        except TimeoutError:
            return b""

    def _finish(self, broken: ConnectionFailedError | None) -> None:
        """Takes the end of the body, or a break; one that cuts the answer off is raised.

        What aborts a silent stream is a break like any other.
        """
        if broken is None:
            self._decoder.finish()
            return
        try:
            self._decoder.finish(broken=True)
        except StreamInterruptedError:
            raise self._unreachable(broken) from broken.__cause__

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
