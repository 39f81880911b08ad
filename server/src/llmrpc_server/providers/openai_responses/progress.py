"""How far one item has come: which of its pieces were announced, told, and are held."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from heapq import heappop, heappush

from msgspec import Raw

from llmrpc_server.providers.kept_json import NOTHING


class Progress:
    """One item of the output. Its pieces are numbered apart for each `what` that it has."""

    __slots__ = (
        "_ahead",
        "announced",
        "begun",
        "call_id",
        "citations",
        "closed",
        "digest",
        "early",
        "ids",
        "kind",
        "last",
        "opened",
        "placed",
        "raw",
        "spoke",
        "told",
        "whole",
    )

    def __init__(self) -> None:
        self.kind = ""
        """Its type."""
        self.opened = False
        """Whether it was announced."""
        self.placed = False
        """Whether its index is known."""
        self.last: dict[str, int] = {}
        """The number of the last piece, for those that come without one."""
        self.spoke = False
        """Whether a piece of it came."""
        self.ids: set[str] = set()
        """The ids that it was told under."""
        self.call_id = ""
        self.digest = 0
        """What it was when it came whole, without its id."""
        self.raw = NOTHING
        """What was announced, if it had content by then."""
        self.early: list[str] = []
        """Arguments that came before their call."""
        self.whole = False
        """Whether it came whole."""
        self.announced: dict[int, str] = {}
        """The types of pieces of content that were announced."""
        self._ahead: list[int] = []
        """Their numbers, so far as none at or after them has begun; a heap."""
        self.begun: dict[tuple[str, int], int] = {}
        """The pieces that are parts, and how many had begun before each."""
        self.told: dict[str, dict[int, None]] = {}
        """The pieces of which text came, in the order of their beginning."""
        self.closed: set[str] = set()
        """What came whole: pieces of it that come later say nothing new."""
        self.citations: dict[int, list[Raw]] = {}
        """Citations of a text, which wait for its end."""

    def announce(self, number: int, kind: str) -> None:
        """Notes that a piece of content of a type starts."""
        if number not in self.announced:
            heappush(self._ahead, number)
        self.announced[number] = kind

    def before(self, number: int) -> Iterator[tuple[int, str]]:
        """The announced pieces before this one which were not asked for yet, with their types."""
        while self._ahead and self._ahead[0] < number:
            before = heappop(self._ahead)
            yield before, self.announced[before]


def missing(told: Mapping[int, str], whole: Sequence[str]) -> tuple[dict[int, str], bool]:
    """What the texts of an item that is whole have beside those that were told, by number.

    Some servers tell all under one number: then nothing is missing. Beside it stands
    whether what was told is what the item has, so far as it goes.
    """
    if not told or squeezed(told.values()) == squeezed(whole):
        return ({} if told else {n: text for n, text in enumerate(whole) if text}), True
    if all(n < len(whole) and whole[n].startswith(text) for n, text in told.items()):
        rests = ((n, text[len(told.get(n, "")) :]) for n, text in enumerate(whole))
        return {n: rest for n, rest in rests if rest}, True
    return _unknown(told, whole), False


def _unknown(told: Mapping[int, str], whole: Sequence[str]) -> dict[int, str]:
    """The texts with numbers of their own that nothing told so far holds."""
    known, at = squeezed(told.values()), 0
    unknown: dict[int, str] = {}
    for number, text in enumerate(whole):
        found = known.find(squeezed([text]), at) if at >= 0 else -1
        if found < 0 and number not in told and text:
            unknown[number] = text
        at = found
    return unknown


def squeezed(texts: Iterable[str]) -> str:
    """The texts as one, without white space, by which servers differ."""
    return "".join("".join(texts).split())
