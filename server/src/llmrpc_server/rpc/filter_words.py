"""The words of a filter: cut out of the text, each with its position."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal

Kind = Literal["text", "string", "compare", "open", "close", "minus", "end"]

_WORD = re.compile(
    r"""\s*(?:
        (?P<string>"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*')
      | (?P<compare><=|>=|!=|=|<|>|:)
      | (?P<open>\()
      | (?P<close>\))
      | (?P<minus>-)
      | (?P<text>[^\s"'()=<>!:,-][^\s"'()=<>!:,]*)
    )""",
    re.VERBOSE | re.DOTALL,
)
_VALUE = re.compile(r"""\s*([^\s"'()=<>!,]+)""")
_ESCAPED = re.compile(r"\\(.)", re.DOTALL)


class FilterError(ValueError):
    """What is wrong with a filter, and where: the position of a character, from 1."""

    def __init__(self, place: int, why: str) -> None:
        super().__init__(f"at character {place + 1}: {why}")


@dataclass(frozen=True, slots=True)
class Word:
    """One word; a string without its quotes."""

    kind: Kind
    text: str
    place: int

    def __str__(self) -> str:
        return "the end" if self.kind == "end" else repr(self.text[:40])


class Words:
    """Reads a filter word by word. Raises `FilterError` where no word can be cut."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._place = 0
        self._peeked: Word | None = None

    def peek(self) -> Word:
        """The next word, which stays next."""
        if self._peeked is None:
            self._peeked = self._cut()
        return self._peeked

    def take(self) -> Word:
        """The next word."""
        word = self.peek()
        self._peeked = None
        return word

    def value(self) -> Word:
        """The next word as what a field is compared with.

        Without quotes it may hold points, hyphens and colons: `-1.5`, `gpt-5.4-mini`.
        """
        found = _VALUE.match(self._text, self._place)
        if found is None:
            return self.take()
        self._place = found.end()
        return Word("text", found[1], found.start(1))

    def _cut(self) -> Word:
        found = _WORD.match(self._text, self._place)
        if found is None or found.lastgroup is None:
            rest = self._text[self._place :].lstrip()
            place = len(self._text) - len(rest)
            if not rest:
                return Word("end", "", place)
            if rest[0] in "\"'":
                raise FilterError(place, f"the string that begins with {rest[0]} has no end")
            raise FilterError(place, f"{rest[0]!r} belongs to no word; put text into quotes")
        self._place = found.end()
        kind: Kind = found.lastgroup  # type: ignore[assignment]
        text = found[kind]
        if kind == "string":
            text = _ESCAPED.sub(r"\1", text[1:-1])
        return Word(kind, text, found.start(kind))
