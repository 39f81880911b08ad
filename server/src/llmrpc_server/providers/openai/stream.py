"""A stream of Chat Completions: bytes in, the answer grows."""

from __future__ import annotations

from llmrpc_server.providers.dialect import Ending
from llmrpc_server.providers.event_stream import EventStreamDecoder
from llmrpc_server.providers.openai.answer import Assembly
from llmrpc_server.providers.openai_family import errors
from llmrpc_server.providers.openai_family.ends import is_other_end
from llmrpc_server.providers.openai_family.error_body import read_body
from llmrpc_server.providers.sse import Event


class ChatStreamDecoder(EventStreamDecoder):
    """Ends with `[DONE]`, with a chunk of usage alone, or with the input.

    All but `[DONE]` need a finish reason before them.
    """

    def __init__(
        self, provider: str, max_event_bytes: int, *, details: bool, asks_usage: bool
    ) -> None:
        super().__init__(provider, max_event_bytes)
        self._asks_usage = asks_usage
        self._assembly = Assembly(provider, details=details)
        self.answer = self._assembly.answer

    @property
    def ending(self) -> Ending:
        assembly = self._assembly
        if not assembly.finished:
            return Ending.OPEN
        return Ending.USAGE if self._asks_usage and self.answer.usage is None else Ending.WHOLE

    def take_event(self, event: Event) -> None:
        if event.name == "error":
            raise errors.from_stream(self._provider, read_body(event.data))
        if is_other_end(event):
            self.end_at_mark()
            return
        self._assembly.take(event.data)
        if self._assembly.counted:
            self.complete()
            self.done = True

    def complete(self) -> None:
        self._assembly.complete()

    def take_body(self, body: bytes) -> None:
        self._assembly.take(body, whole=True)

    def end_early(self) -> bool:
        return self._assembly.end_early()
