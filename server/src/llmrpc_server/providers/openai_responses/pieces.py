"""Pieces of items: each goes to the part that it grows, however much of it was told.

Deltas add to a part. A whole text, which may come after them or in their place, adds what
of it was not told.
"""

from __future__ import annotations

from msgspec import Raw

from llmrpc.answer import TextKind
from llmrpc_server.providers.openai_family.fields import ENTRY
from llmrpc_server.providers.openai_responses.growing import Growing
from llmrpc_server.providers.openai_responses.progress import squeezed

REASONING_TEXT = "reasoning_text"
"""The type of reasoning that is no summary, and its signature's data."""


class Pieces(Growing):
    """Takes the pieces of the items of one answer, each by its item's place."""

    __slots__ = ()

    def announce(self, place: int, number: int, kind: str) -> None:
        """Notes that a piece of content of a type starts.

        Without it content of another number goes on with the first: some servers
        count every delta.
        """
        item = self.items[place]
        if number not in item.announced:
            self.parts.keep(ENTRY + len(kind))
            item.announce(number, kind)

    def text(self, place: int, number: int, text: str) -> None:
        """Adds to a text of a message."""
        self._piece(place, "content", self.number(place, number), text, "text")

    def refusal(self, place: int, number: int, text: str) -> None:
        """Adds to a refusal."""
        self._piece(place, "content", self.number(place, number), text, "refusal")

    def summary(self, place: int, number: int, text: str) -> None:
        """Adds to a text of a reasoning's summary."""
        self._piece(place, "summary", number, text, "reasoning")

    def reasoning(self, place: int, number: int, text: str) -> None:
        """Adds to reasoning that is shown as it was thought."""
        self._piece(place, REASONING_TEXT, self.number(place, number), text, "reasoning")

    def arguments(self, place: int, _: int, text: str) -> None:
        """Adds to the arguments of a call, which wait for it if it was not begun."""
        item = self.items[place]
        if "call" in item.closed or not text:
            return
        if ("call", 0) in item.begun:
            self.speech.arguments((place, "call", 0), text)
        else:
            self.parts.keep(len(text))
            item.early.append(text)

    def whole_arguments(self, place: int, whole: str) -> None:
        """Takes all arguments of a call: what of them did not come before."""
        item, key = self.items[place], (place, "call", 0)
        begun = ("call", 0) in item.begun
        if begun:
            self.speech.end(key)
        told = self.parts.text_of(key) if begun else "".join(item.early)
        if whole.startswith(told):
            self.arguments(place, 0, whole[len(told) :])

    def whole_text(self, place: int, what: str, number: int, text: str, kind: TextKind) -> None:
        """Takes all of a text: what of it did not come before, nor under another number."""
        if what != "summary":
            number = self.number(place, number)
        item, key = self.items[place], (place, what, number)
        numbers = item.told.get(what, {})
        if not text or what in item.closed:
            return
        told = ""
        if number in numbers:
            self.speech.end(key)
            told = self.parts.text_of(key)
        elif numbers:
            others = (self.parts.text_of((place, what, each)) for each in numbers)
            if squeezed([text]) in squeezed(others):
                return
        if text.startswith(told):
            self._piece(place, what, number, text[len(told) :], kind)

    def annotate(self, place: int, number: int, raw: Raw) -> None:
        """Takes a citation of a text of a message, which is told when that is complete."""
        item = self.items[place]
        if not item.whole:
            self.parts.keep(ENTRY + len(bytes(raw)))
            number = self.number(place, number)
            item.citations.setdefault(number, []).append(raw.copy())

    def _piece(self, place: int, what: str, number: int, text: str, kind: TextKind) -> None:
        item = self.items[place]
        if text and what not in item.closed:
            self.add((place, what, number), text, kind)
