"""An event stream in place of the whole answer that was asked for: some servers always stream."""

from __future__ import annotations

from llmrpc.errors import LLMClientError
from llmrpc_server.providers.dialect import Ending, StreamDecoder
from llmrpc_server.providers.exchange import Exchange
from llmrpc_server.providers.kept_json import CLOSES, is_closed

_EVENTS = (b"data:", b"event:", b":", b"id:", b"retry:")
"""How an event stream begins."""
BOM = b"\xef\xbb\xbf"


def is_stream(body: bytes) -> bool:
    """Whether a body begins as an event stream does."""
    return body.removeprefix(BOM).lstrip().startswith(_EVENTS)


class StreamedBody:
    """Finds the end of an answer, as the connection may stay open or break after it.

    Called with each piece of the body, and whether the connection broke after it, it says for
    how long more is waited for; None while the answer is not whole.
    """

    def __init__(self, exchange: Exchange) -> None:
        self._settings = exchange.provider.upstream.settings
        self._dialect = exchange.dialect
        self._decoder: StreamDecoder | None = None
        self._begun = False
        self._whole = bytearray()
        """What came of a body that is no event stream."""

    def __call__(self, piece: bytes, broken: bool) -> float | None:
        if not self._begun and piece:
            self._begun = True
            if is_stream(piece):
                self._decoder = self._dialect.decoder(self._settings.max_event_bytes)
        if self._decoder is None:
            self._whole += piece
            closed = piece.rstrip()[-1:] in CLOSES and is_closed(bytes(self._whole))
            return self._settings.end_grace if closed else None
        try:
            self._decoder.feed(piece)
        except LLMClientError:
            return 0.0
        whole = self._decoder.done or (broken and self._decoder.ending >= Ending.SILENCE)
        return 0.0 if whole else None
