"""A stream of Chat Completions: bytes in, the answer grows."""

from __future__ import annotations

from llmrpc.errors import StreamInterruptedError
from llmrpc_server.providers.dialect import StreamDecoder
from llmrpc_server.providers.openai import errors
from llmrpc_server.providers.openai.answer import Assembly
from llmrpc_server.providers.openai.error_body import read_body
from llmrpc_server.providers.sse import Event, EventDecoder


class ChatStreamDecoder(StreamDecoder):
    """Ends with `[DONE]`, or with the input once a finish reason was seen."""

    def __init__(self, provider: str, max_event_bytes: int, *, details: bool) -> None:
        self._provider = provider
        self._assembly = Assembly(provider, details=details)
        self._events = EventDecoder(max_event_bytes)
        self._max = max_event_bytes
        self._begun = False
        self._other: bytearray | None = None
        """A body that is no event stream: an error as JSON, or a page."""
        self.answer = self._assembly.answer

    def feed(self, data: bytes) -> None:
        if not self._begun and (start := data.lstrip()):
            self._begun = True
            if start.startswith((b"{", b"<")):
                self._other = bytearray()
        if self._other is not None:
            self._other += data
            if len(self._other) > self._max:
                raise errors.unreadable(self._provider, "answered with no event stream")
            return
        for event in self._events.feed(data):
            if self.done:
                return
            self._take(event)

    def finish(self) -> None:
        if self._other is not None:
            self._assembly.take(bytes(self._other))
            raise errors.unreadable(self._provider, "answered with no event stream")
        if not self._assembly.finished:
            raise self._interrupted()

    def _take(self, event: Event) -> None:
        data = event.data
        if data.startswith(b"[DONE]"):
            if not self._assembly.finished:
                raise self._interrupted()
            self.done = True
        elif event.name == "error":
            raise errors.from_stream(self._provider, read_body(data))
        elif data:
            self._assembly.take(data)

    def _interrupted(self) -> StreamInterruptedError:
        return StreamInterruptedError(
            f"{self._provider} ended its stream without a finish reason",
            metadata={"provider": self._provider},
        )
