"""Whether what came of a body is all of it, on a connection that then stays open."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Protocol

from llmrpc.errors import LLMClientError
from llmrpc_server.providers.closing import Closing
from llmrpc_server.providers.dialect import Ending, StreamDecoder

_EVENTS = (b"data:", b"event:", b":", b"id:", b"retry:")
"""How an event stream begins."""
_HEAD = 64
"""Chunks in which that is looked for, however small they are."""


class BodyEnd(Protocol):
    """Asked when silence follows some bytes of a body."""

    def reached(self, chunks: Sequence[bytes]) -> bool:
        """Whether the chunks, which go on from those of the last time, are a whole body."""


class JsonEnd:
    """The last bracket of a body of JSON. Each chunk is read once."""

    __slots__ = ("_closing", "_read")

    def __init__(self) -> None:
        self._closing = Closing()
        self._read = 0

    def reached(self, chunks: Sequence[bytes]) -> bool:
        """As `BodyEnd` says. The marks of JSON are single bytes in UTF-8."""
        new, self._read = chunks[self._read :], len(chunks)
        return any([self._closing.closes(chunk.decode("latin-1")) for chunk in new][-1:])


class AnswerEnd:
    """The same of an answer, which some servers stream whatever they are asked for."""

    __slots__ = ("_decoder", "_json", "_make", "_read")

    def __init__(self, make: Callable[[], StreamDecoder]) -> None:
        self._make = make
        self._decoder: StreamDecoder | None = None
        self._json = JsonEnd()
        self._read = 0

    def reached(self, chunks: Sequence[bytes]) -> bool:
        """As `BodyEnd` says; an error in a stream is its end."""
        if self._decoder is None and not is_stream(b"".join(chunks[:_HEAD])):
            return self._json.reached(chunks)
        decoder = self._decoder = self._decoder or self._make()
        new, self._read = chunks[self._read :], len(chunks)
        try:
            for chunk in new:
                decoder.feed(chunk)
        except LLMClientError:
            return True
        return decoder.done or decoder.ending == Ending.WHOLE


def is_stream(body: bytes) -> bool:
    """Whether a body begins as an event stream does."""
    return body.lstrip().startswith(_EVENTS)
