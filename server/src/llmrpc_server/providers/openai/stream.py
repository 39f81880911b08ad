"""A stream of Chat Completions: bytes in, the answer grows."""

from __future__ import annotations

from llmrpc_server.providers.event_stream import EventStreamDecoder
from llmrpc_server.providers.openai.answer import Assembly
from llmrpc_server.providers.openai_family import errors
from llmrpc_server.providers.openai_family.error_body import read_body
from llmrpc_server.providers.sse import Event


class ChatStreamDecoder(EventStreamDecoder):
    """Ends with `[DONE]`, or with the input once a finish reason was seen."""

    def __init__(self, provider: str, max_event_bytes: int, *, details: bool) -> None:
        super().__init__(provider, max_event_bytes)
        self._assembly = Assembly(provider, details=details)
        self.answer = self._assembly.answer

    @property
    def whole(self) -> bool:
        return self._assembly.finished

    def take_event(self, event: Event) -> None:
        data = event.data
        if data.startswith(b"[DONE]"):
            if not self.whole:
                raise self.interrupted()
            self._assembly.complete()
            self.done = True
        elif event.name == "error":
            raise errors.from_stream(self._provider, read_body(data))
        elif data:
            self._assembly.take(data)

    def finish(self) -> None:
        super().finish()
        self._assembly.complete()

    def take_body(self, body: bytes) -> None:
        self._assembly.take(body)
