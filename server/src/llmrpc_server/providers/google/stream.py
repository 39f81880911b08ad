"""A stream of generateContent: bytes in, the answer grows."""

from __future__ import annotations

from collections.abc import Callable

from llmrpc_server.providers.event_stream import EventStreamDecoder
from llmrpc_server.providers.google.answer import Assembly
from llmrpc_server.providers.google.error_body import read_body
from llmrpc_server.providers.google.errors import from_stream
from llmrpc_server.providers.google.quirks import Model
from llmrpc_server.providers.sse import Event


class GoogleStreamDecoder(EventStreamDecoder):
    """Ends with the input, once a finish reason was seen: there is no mark of the end."""

    def __init__(self, provider: str, facts: Callable[[str], Model], max_event_bytes: int) -> None:
        super().__init__(provider, max_event_bytes)
        self._assembly = Assembly(provider, facts)
        self.answer = self._assembly.answer

    @property
    def whole(self) -> bool:
        return self._assembly.finished

    def finish(self) -> None:
        super().finish()
        self._assembly.end()

    def take_event(self, event: Event) -> None:
        if event.data:
            self._assembly.take(event.data)

    def take_body(self, body: bytes) -> None:
        """A body is an error, as an object or as the first of a list."""
        failure = read_body(body)
        if failure.is_error:
            raise from_stream(self._provider, failure)
