"""A stream of events from a provider, whatever the events are."""

from __future__ import annotations

from abc import abstractmethod

from llmrpc.errors import StreamInterruptedError
from llmrpc_server.providers.dialect import StreamDecoder
from llmrpc_server.providers.failures import unreadable
from llmrpc_server.providers.sse import Event, EventDecoder


class EventStreamDecoder(StreamDecoder):
    """Takes events, or a body that is none: an error as JSON, or a page."""

    def __init__(self, provider: str, max_event_bytes: int) -> None:
        self._provider = provider
        self._events = EventDecoder(max_event_bytes)
        self._max = max_event_bytes
        self._begun = False
        self._other: bytearray | None = None
        """The body that is no event stream."""

    @property
    @abstractmethod
    def whole(self) -> bool:
        """Whether the answer is whole: the provider has said why it ended."""

    @abstractmethod
    def take_event(self, event: Event) -> None:
        """Takes an event; sets `done` at the provider's mark of the end.

        Raises `LLMClientError` for an error in its place.
        """

    @abstractmethod
    def take_body(self, body: bytes) -> None:
        """Takes a body that came instead of events: raises the error that it is."""

    def feed(self, data: bytes) -> None:
        if not self._begun and (start := data.lstrip()):
            self._begun = True
            if start.startswith((b"{", b"[", b"<")):
                self._other = bytearray()
        if self._other is not None:
            self._other += data
            if len(self._other) > self._max:
                raise self._no_stream()
            return
        for event in self._events.feed(data):
            if self.done:
                return
            self.take_event(event)

    def finish(self) -> None:
        if self._other is not None:
            self.take_body(bytes(self._other))
            raise self._no_stream()
        if self.whole:
            return
        rest = self._events.rest().strip()
        if rest.startswith(b"{"):  # no event has such a line: an error as JSON, as at Ollama
            self.take_body(rest)
        raise self.interrupted()

    def interrupted(self) -> StreamInterruptedError:
        """The exception for an end before the answer was whole."""
        return StreamInterruptedError(
            f"{self._provider} ended its stream without a finish reason",
            metadata={"provider": self._provider},
        )

    def _no_stream(self) -> Exception:
        return unreadable(self._provider, "answered with no event stream")
