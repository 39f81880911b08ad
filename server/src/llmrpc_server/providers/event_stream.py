"""A stream of events from a provider, whatever the events are."""

from __future__ import annotations

from abc import abstractmethod

from llmrpc import v1 as pb
from llmrpc.errors import LLMClientError, StreamInterruptedError
from llmrpc_server.providers.arguments import has_whole_calls
from llmrpc_server.providers.density import check_values
from llmrpc_server.providers.dialect import Ending, StreamDecoder
from llmrpc_server.providers.error_words import last_words, told, words_of
from llmrpc_server.providers.failures import unreadable
from llmrpc_server.providers.kept_json import CLOSES, is_closed
from llmrpc_server.providers.sse import PING, PINGS, Event, EventDecoder, is_end, lines_of

_OBJECT = b'{"'
"""How nearly all events begin, and no keep-alive."""
_KEEP_ALIVES = frozenset(
    {b"", b"{}", b"null"} | {text.encode() for name in PINGS for text in (name, f"[{name}]")}
)


_TAIL = 64
"""Bytes of a body in which its last bracket is looked for."""
_NO_LINE = (b"{", b"[", b"<", b'"', b"null")
"""How a body begins that is no event stream: JSON, or a page."""


class EventStreamDecoder(StreamDecoder):
    """Takes events, or a body that is none: a whole answer, an error as JSON, or a page."""

    def __init__(self, provider: str, max_event_bytes: int) -> None:
        self._provider = provider
        self._events = EventDecoder(max_event_bytes)
        self._max = max_event_bytes
        self._begun = False
        self._last = Event(b"")
        self._other: bytearray | None = None
        """The body that is no event stream."""

    @abstractmethod
    def take_event(self, event: Event) -> None:
        """Takes an event; sets `done` at the provider's mark of the end.

        Raises `LLMClientError` for an error in its place.
        """

    @abstractmethod
    def take_body(self, body: bytes) -> None:
        """Takes a body that came instead of events: the whole answer.

        Raises the error that it is.
        """

    @abstractmethod
    def end_early(self) -> bool:
        """Completes the answer without a finish reason; False if nothing of it came."""

    def complete(self) -> None:
        """Adds what had to wait for the end of the answer."""

    def feed(self, data: bytes) -> None:
        if not self._begun and (start := data.lstrip()):
            self._begun = True
            if start.startswith(_NO_LINE):
                self._other = bytearray()
        if self._other is not None:
            self._other += data
            if len(self._other) > self._max:
                raise self._no_stream()
            return
        events = self._events
        for event in events.feed(data):
            if self.done:
                return
            check_values(event.data)
            if event.data.startswith(_OBJECT) and event.name != PING:
                self._last = event
                self.take_event(event)
            else:
                self._take(event)
        if events.failure is not None and not self.done:
            raise events.failure

    @property
    def may_be_closed(self) -> bool:
        return self._other is not None and self._other[-_TAIL:].rstrip().endswith(CLOSES)

    def is_closed(self) -> bool:
        return self._other is not None and is_closed(bytes(self._other))

    def finish(self, *, broken: bool = False) -> None:
        if self._other is not None:
            self._take_other(bytes(self._other), broken=broken)
            return
        if not self.done:
            self._take_rest(self._events.rest())
        if self.ending < (Ending.SILENCE if broken else Ending.BODY):
            raise self.interrupted()
        self.complete()

    def interrupted(self) -> StreamInterruptedError:
        """The exception for an end before the answer was whole, with the provider's last words."""
        why, words = f"{self._provider} ended its stream without a finish reason", self._words()
        return StreamInterruptedError(
            f"{why}: {words}" if words else why, metadata={"provider": self._provider}
        )

    def _words(self) -> str:
        """What the last event says that is an error in a shape of its own, or lines of none."""
        return last_words(self._last.data) or words_of(self._events.stray())

    def _take(self, event: Event) -> None:
        if is_end(event.data):
            self.end_at_mark()
        elif not _is_keep_alive(event):
            self._last = event
            try:
                self.take_event(event)
            except LLMClientError as error:
                raise told(error, event.data) from error.__cause__

    def end_at_mark(self) -> None:
        """Takes a mark of the end, without which nothing is whole that has no finish reason.

        Calls that are complete are a reason by themselves.
        """
        if self.ending < Ending.BODY:
            if self._words() or self._events.stray() or not self.end_early():
                raise self.interrupted()
            answer = self.answer
            if answer.finish_reason == pb.FINISH_REASON_UNSPECIFIED:
                called = has_whole_calls(answer.parts.parts())
                answer.finish_reason = (
                    pb.FINISH_REASON_TOOL_CALLS if called else pb.FINISH_REASON_OTHER
                )
                answer.warn("finish_reason", f"{self._provider} did not say why the answer ended")
        self.complete()
        self.done = True

    def _take_rest(self, rest: bytes) -> None:
        """Takes what came after the last blank line: an event all the same, if it is whole.

        No event has a line that begins with a brace: that is an error as JSON, as at Ollama.
        """
        text = rest.strip()
        if not text:
            return
        try:
            if text.startswith(b"{"):
                self._last = Event(text)
                if self.ending < Ending.BODY:
                    self.take_body(text)
            else:
                for event in self._events.last():
                    self._take(event)
                if self._events.failure is not None:
                    raise self._events.failure
        except LLMClientError as error:
            if error.reason != pb.ERROR_REASON_PROVIDER_RESPONSE_INVALID:
                raise
            if self.ending == Ending.BODY:
                raise self.interrupted() from error  # the body did not end where it stopped

    def _take_other(self, body: bytes, *, broken: bool) -> None:
        if lines := lines_of(body):
            self._take_lines(lines, broken=broken)
            return
        try:
            self.take_body(body)
        except LLMClientError as error:
            if broken and error.reason == pb.ERROR_REASON_PROVIDER_RESPONSE_INVALID:
                raise self.interrupted() from error
            raise told(error, body) from error.__cause__
        if self.ending < Ending.BODY:
            raise self.interrupted() if broken else told(self._no_stream(), body)
        self.complete()

    def _take_lines(self, lines: list[bytes], *, broken: bool) -> None:
        """Takes events that are a line of JSON each."""
        for line in lines:
            if not self.done:
                self._take(Event(line))
        if self.ending < (Ending.SILENCE if broken else Ending.BODY):
            raise self.interrupted()
        self.complete()

    def _no_stream(self) -> LLMClientError:
        return unreadable(self._provider, "answered with no event stream")


def _is_keep_alive(event: Event) -> bool:
    """Whether an event says nothing but that the connection lives; an error is no such thing."""
    if event.name == PING:
        return b'"error"' not in event.data
    data = event.data
    if len(data) > 16 and not data.startswith(b":"):
        return False
    return data.startswith(b":") or data.strip().lower() in _KEEP_ALIVES
