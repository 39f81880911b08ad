"""A stream of generateContent: bytes in, the answer grows."""

from __future__ import annotations

from collections.abc import Callable

from llmrpc_server.providers.dialect import Ending
from llmrpc_server.providers.event_stream import EventStreamDecoder
from llmrpc_server.providers.failures import read
from llmrpc_server.providers.google import wire
from llmrpc_server.providers.google.answer import Assembly
from llmrpc_server.providers.google.error_body import read_body, read_error_event
from llmrpc_server.providers.google.errors import from_stream
from llmrpc_server.providers.google.quirks import Model
from llmrpc_server.providers.sse import Event


class GoogleStreamDecoder(EventStreamDecoder):
    """Ends with the input, once a finish reason was seen: there is no mark of the end.

    Some models give every chunk a finish reason, which then says nothing of what follows.
    """

    def __init__(self, provider: str, facts: Callable[[str], Model], max_event_bytes: int) -> None:
        super().__init__(provider, max_event_bytes)
        self._assembly = Assembly(provider, facts)
        self.answer = self._assembly.answer

    @property
    def ending(self) -> Ending:
        assembly = self._assembly
        if not assembly.finished:
            return Ending.OPEN
        return Ending.SILENCE if assembly.unannounced else Ending.BODY

    def complete(self) -> None:
        self._assembly.end()

    def take_event(self, event: Event) -> None:
        if event.name == "error":
            raise from_stream(self._provider, read_error_event(event.data))
        self._assembly.take(event.data)

    def take_body(self, body: bytes) -> None:
        """A body is an answer or an error, as an object, or a list of chunks."""
        failure = read_body(body)
        if failure.is_error:
            raise from_stream(self._provider, failure)
        for chunk in chunks(body, self._provider):
            self._assembly.take(chunk)

    def end_early(self) -> bool:
        return self._assembly.end_early()


def chunks(body: bytes, provider: str) -> list[bytes]:
    """The chunks of a body: a list of them, as Google writes where no events were asked for."""
    if not body.lstrip().startswith(b"["):
        return [body]
    return [bytes(chunk) for chunk in read(wire.decode_each, body, provider, "list of chunks")]
