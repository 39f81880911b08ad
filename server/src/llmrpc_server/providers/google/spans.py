"""Where a source supports the answer: Google's bytes as code points of the parts.

The reference counts bytes from the start of the part that `partIndex` names. What the
service sends has no `partIndex`, counts from the start of the answer's whole text
without the thoughts, and can be some bytes off. Therefore a place counts only if it
has the text that came with it, which is else looked for nearby. Sources:
https://ai.google.dev/api/generate-content#Segment and the recordings in pydantic-ai's
`tests/models/cassettes/test_google` of August 2026.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterator, Sequence
from typing import NamedTuple

import msgspec


class Segment(msgspec.Struct, rename="camel", frozen=True, gc=False):
    """A stretch of the answer, in bytes; `text` is what stands there."""

    part_index: int | None = None
    start_index: int | None = None
    end_index: int | None = None
    text: str | None = None


class Span(NamedTuple):
    """A stretch of one text part, in code points."""

    key: Hashable
    start: int
    end: int


class Texts:
    """The text parts of an answer, each with the key that its builder knows it by."""

    def __init__(self, texts: Sequence[tuple[Hashable, str]], pieces: Sequence[Hashable]) -> None:
        """`pieces` has the key of what each part that came was added to."""
        self._texts = texts
        self._pieces = pieces
        self._whole = "".join(text for _, text in texts)

    @property
    def last(self) -> Hashable | None:
        """The last part that has a text; None if there is none."""
        return next((key for key, text in reversed(self._texts) if text), None)

    def spans(self, segment: Segment) -> list[Span]:
        """The stretches of parts that are the segment; empty if it is not found."""
        found = self._named(segment) or _exact(self._whole, segment) or self._near(segment)
        return list(self._parted(*found)) if found else []

    def _named(self, segment: Segment) -> tuple[int, int] | None:
        """The segment in the part that it names."""
        index, before = segment.part_index, 0
        if index is None or not 0 <= index < len(self._pieces):
            return None
        for key, text in self._texts:
            if key == self._pieces[index]:
                found = _exact(text, segment)
                return found and (before + found[0], before + found[1])
            before += len(text)
        return None

    def _near(self, segment: Segment) -> tuple[int, int] | None:
        """The segment by its text, at the place nearest to the one that was told."""
        text = segment.text
        if not text:
            return None
        told = min(segment.start_index or 0, len(self._whole))
        places = (self._whole.rfind(text, 0, told + len(text)), self._whole.find(text, told))
        known = [place for place in places if place >= 0]
        if not known:
            return None
        start = min(known, key=lambda place: abs(place - told))
        return start, start + len(text)

    def _parted(self, start: int, end: int) -> Iterator[Span]:
        before = 0
        for key, text in self._texts:
            first, last = max(start - before, 0), min(end - before, len(text))
            if first < last:
                yield Span(key, first, last)
            before += len(text)


def _exact(text: str, segment: Segment) -> tuple[int, int] | None:
    """The segment in code points, if the text has one there and it is the one told."""
    start, end = segment.start_index or 0, segment.end_index or 0
    written = text.encode()
    if not 0 <= start < end <= len(written):
        return None
    if len(written) > len(text):
        try:
            before, inside = written[:start].decode(), written[start:end].decode()
        except UnicodeDecodeError:
            return None
        start, end = len(before), len(before) + len(inside)
    if segment.text and text[start:end] != segment.text:
        return None
    return start, end
