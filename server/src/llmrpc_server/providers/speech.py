"""What a model says piece by piece, with surrogate pairs that were split over two pieces.

A chunk that holds half a pair is read twice: once with U+FFFD for it, and once with a mark
that only texts of the model are read with. So a pair is joined where its halves belong to
one part, and half a pair spoils a character anywhere else.
"""

from __future__ import annotations

import re
from collections.abc import Hashable

from llmrpc.answer import TextKind
from llmrpc_server.providers.dialect import Answer
from llmrpc_server.providers.halves import Halves
from llmrpc_server.providers.idle import Idle

_MARKED = re.compile("\ufdd0([\ue000-\ue7ff])")
_SHIFT = 0xE000 - 0xD800


class Speech:
    """The texts and arguments of one answer."""

    __slots__ = ("_halves", "_idle", "_kinds", "_marked", "_parts", "odd")

    def __init__(self, answer: Answer, provider: str) -> None:
        self.odd = False
        """Whether texts may hold halves, or one waits for the next piece of its part."""
        self._marked = False
        self._parts = answer.parts
        self._halves = Halves(answer, provider)
        self._idle = Idle()
        self._kinds: dict[Hashable, TextKind | None] = {}

    def text(self, key: Hashable, text: str, kind: TextKind = "text") -> None:
        """Adds to a text, reasoning or refusal part."""
        if self.odd:
            text = self._whole(key, text, kind)
        self._parts.text(key, text, kind)

    def arguments(self, key: Hashable, text: str) -> None:
        """Adds to the arguments of a call that has started."""
        if self.odd:
            text = self._whole(key, text, None)
        self._parts.tool_call(key, arguments=self._idle.take(key, text))

    def settle(self, key: Hashable) -> None:
        """Takes the end of a call, which may have no arguments."""
        self._parts.tool_call(key, arguments=self._idle.settle(key))

    def held(self, key: Hashable, text: str) -> None:
        """Adds arguments that waited for the start of their call."""
        self.odd = self.odd or self._marked
        self.arguments(key, text)

    def read(self, *, marked: bool) -> None:
        """Notes whether the texts of the next event hold marks."""
        self._marked = self._marked or marked
        self.odd = marked or bool(self._halves)

    def end(self, key: Hashable) -> None:
        """Takes the end of a part: half a pair that it waits with becomes U+FFFD."""
        if not self._halves or not (lost := self._halves.end(key)):
            return
        kind = self._kinds[key]
        if kind is None:
            self._parts.tool_call(key, arguments=self._idle.take(key, lost))
        else:
            self._parts.text(key, lost, kind)

    def end_all(self) -> None:
        """Takes the end of all parts."""
        for key in list(self._kinds):
            self.end(key)

    def _whole(self, key: Hashable, text: str, kind: TextKind | None) -> str:
        if not text:
            return text
        self._kinds[key] = kind
        return self._halves.join(key, unmarked(text))


def unmarked(text: str) -> str:
    """A text with halves of pairs in place of their marks."""
    return _MARKED.sub(lambda found: chr(ord(found[1]) - _SHIFT), text)
