"""A stream of Responses: bytes in, the answer grows."""

from __future__ import annotations

from llmrpc_server.providers.event_stream import EventStreamDecoder
from llmrpc_server.providers.openai_family import errors
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
    def whole(self) -> bool:
        return self._assembly.finished

    def take_event(self, event: Event) -> None:
        data = event.data
        if data.startswith(b"[DONE]"):
            if not self.whole:
                raise self.interrupted()
        elif event.name == "error":
            raise errors.from_stream(self._provider, read_body(data))
        elif data:
            self._assembly.take(data)
        self.done = self.whole

    def take_body(self, body: bytes) -> None:
        self._assembly.whole(body)
