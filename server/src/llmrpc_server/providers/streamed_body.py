"""An event stream in place of the whole answer that was asked for: some servers always stream."""

from __future__ import annotations

from llmrpc.errors import LLMClientError
from llmrpc_server.providers.dialect import Ending, StreamDecoder
from llmrpc_server.providers.exchange import Exchange

_EVENTS = (b"data:", b"event:", b":", b"id:", b"retry:")
"""How an event stream begins."""
BOM = b"\xef\xbb\xbf"


def is_stream(body: bytes) -> bool:
    """Whether a body begins as an event stream does."""
    return body.removeprefix(BOM).lstrip().startswith(_EVENTS)


class StreamedBody:
    """Finds the end of an answer that comes as a stream, as the connection may stay open.

    Called with each piece of the body, and whether the connection broke after it, it says
    whether the answer is whole, or an error.
    """

    def __init__(self, exchange: Exchange) -> None:
        self._exchange = exchange
        self._decoder: StreamDecoder | None = None
        self._begun = False

    def __call__(self, piece: bytes, broken: bool) -> bool:
        if not self._begun and piece:
            self._begun = True
            if is_stream(piece):
                settings = self._exchange.provider.upstream.settings
                self._decoder = self._exchange.dialect.decoder(settings.max_event_bytes)
        if self._decoder is None:
            return False
        try:
            self._decoder.feed(piece)
        except LLMClientError:
            return True
        return self._decoder.done or (broken and self._decoder.ending >= Ending.SILENCE)
