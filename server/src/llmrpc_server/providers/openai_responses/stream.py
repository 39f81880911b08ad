"""A stream of Responses: bytes in, the answer grows."""

from __future__ import annotations

from llmrpc_server.providers.dialect import Ending
from llmrpc_server.providers.event_stream import EventStreamDecoder
from llmrpc_server.providers.openai_family import errors
from llmrpc_server.providers.openai_family.ends import is_other_end
from llmrpc_server.providers.openai_family.error_body import read_body
from llmrpc_server.providers.openai_responses.answer import Assembly
from llmrpc_server.providers.sse import Event


class ResponsesStreamDecoder(EventStreamDecoder):
    """Ends with the event that holds the whole answer: its type says how it went."""

    def __init__(self, provider: str, max_event_bytes: int) -> None:
        super().__init__(provider, max_event_bytes)
        self._assembly = Assembly(provider)
        self.answer = self._assembly.answer

    @property
    def ending(self) -> Ending:
        return Ending.WHOLE if self._assembly.finished else Ending.OPEN

    def take_event(self, event: Event) -> None:
        if event.name == "error":
            raise errors.from_stream(self._provider, read_body(event.data))
        if is_other_end(event):
            self.end_at_mark()
            return
        self._assembly.take(event.data, "" if event.name == "message" else event.name)
        self.done = self._assembly.finished

    def take_body(self, body: bytes) -> None:
        self._assembly.whole(body)

    def end_early(self) -> bool:
        return self._assembly.end_early()
