"""Whether what came of a body is all of it, on a connection that stays open or breaks."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from llmrpc.errors import LLMClientError
from llmrpc_server.providers.closing import Closing
from llmrpc_server.providers.dialect import Ending, StreamDecoder
from llmrpc_server.providers.kept_json import is_closed

BOM = b"\xef\xbb\xbf"
_EVENTS = (b"data:", b"event:", b":", b"id:", b"retry:")
"""How an event stream begins."""
_JSON = (b"{", b"[")
"""How nearly all whole answers do."""


class BodyEnd(Protocol):
    """Finds the end of a body from its bytes."""

    def take(self, piece: bytes) -> bool:
        """Notes the next bytes; whether nothing more is needed after them."""

    def is_whole(self, broken: bool) -> bool:
        """Whether all has come, if silence follows, or the connection breaks."""


class JsonEnd:
    """The end of a body of JSON. It is looked for only once silence follows.

    Each piece is read once for its brackets; only where they say that it is closed is all of
    it read, since lines of JSON may go on.
    """

    __slots__ = ("_closed", "_closing", "_pieces", "_read")

    def __init__(self) -> None:
        self._closing: Closing | None = None
        self._pieces: list[bytes] = []
        self._read = 0
        self._closed = False

    def take(self, piece: bytes) -> bool:
        """As `BodyEnd` says."""
        self._pieces.append(piece)
        return False

    def is_whole(self, broken: bool) -> bool:
        """As `BodyEnd` says. The marks of JSON are single bytes in UTF-8."""
        closing = self._closing = self._closing or Closing()
        for piece in self._pieces[self._read :]:
            self._closed = closing.closes(piece.decode("latin-1"))
        self._read = len(self._pieces)
        return self._closed and is_closed(b"".join(self._pieces))


class AnswerEnd:
    """The same of an answer, which some servers stream whatever they are asked for."""

    __slots__ = ("_decoder", "_failed", "_head", "_json", "_make")

    def __init__(self, make: Callable[[], StreamDecoder]) -> None:
        self._make = make
        self._decoder: StreamDecoder | None = None
        self._json = JsonEnd()
        self._head: bytes | None = b""
        """The first bytes, while they do not tell what the body is."""
        self._failed = False

    def take(self, piece: bytes) -> bool:
        """As `BodyEnd` says; an error in a stream is its end."""
        if self._head is not None:
            piece, self._head = self._head + piece, None
            if not piece.startswith(_JSON):
                if is_stream(piece):
                    self._decoder = self._make()
                elif _may_be_stream(piece):
                    self._head = piece
                    return False
        if self._decoder is None:
            return self._json.take(piece)
        try:
            self._decoder.feed(piece)
        except LLMClientError:
            self._failed = True
        return self._failed or self._decoder.done

    def is_whole(self, broken: bool) -> bool:
        """As `BodyEnd` says. A break takes nothing from an answer that had its finish reason."""
        if self._head:
            return False
        if self._decoder is None:
            return self._json.is_whole(broken)
        enough = Ending.SILENCE if broken else Ending.WHOLE
        return self._failed or self._decoder.done or self._decoder.ending >= enough


def is_stream(body: bytes) -> bool:
    """Whether a body begins as an event stream does."""
    return body.removeprefix(BOM).lstrip().startswith(_EVENTS)


def _may_be_stream(head: bytes) -> bool:
    begin = head.removeprefix(BOM).lstrip()
    return any(word.startswith(begin) for word in (BOM, *_EVENTS))
