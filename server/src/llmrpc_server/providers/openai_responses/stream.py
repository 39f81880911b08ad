"""A stream of Responses: bytes in, the answer grows."""

from __future__ import annotations

from llmrpc_server.providers.event_stream import EventStreamDecoder
from llmrpc_server.providers.openai_responses.answer import Assembly
from llmrpc_server.providers.sse import Event


class ResponsesStreamDecoder(EventStreamDecoder):
    """Ends with the event that holds the whole answer: its type says how it went."""
