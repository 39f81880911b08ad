"""A stream of the Messages API: bytes in, the answer grows."""

from __future__ import annotations

from llmrpc_server.providers.anthropic import errors
from llmrpc_server.providers.anthropic.answer import Assembly
from llmrpc_server.providers.dialect import Ending
from llmrpc_server.providers.event_stream import EventStreamDecoder
from llmrpc_server.providers.sse import Event


class MessageStreamDecoder(EventStreamDecoder):
    """Ends with `message_stop`, or with the input once a stop reason was seen.

    `ping` adds nothing to the answer, so it is no progress to whoever watches it.
    """

    def __init__(self, provider: str, max_event_bytes: int) -> None:
        super().__init__(provider, max_event_bytes)
        self._assembly = Assembly(provider, max_event_bytes)
        self.answer = self._assembly.answer

    @property
    def ending(self) -> Ending:
        return Ending.WHOLE if self._assembly.finished else Ending.OPEN

    def complete(self) -> None:
        self._assembly.end()

    def take_event(self, event: Event) -> None:
        if event.name == "error":
            raise errors.from_stream(self._provider, event.data)
        self._assembly.take_event(event.data, event.name)
        if self._assembly.stopped:
            self.end_at_mark()

    def take_body(self, body: bytes) -> None:
        self._assembly.take_message(body)

    def end_early(self) -> bool:
        return self._assembly.end_early()
