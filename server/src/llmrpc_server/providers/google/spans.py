"""Where a source supports the answer: Google's bytes as code points of the parts.

The reference counts bytes from the start of the part that `partIndex` names. What the
service sends has no `partIndex`, counts from the start of the answer's whole text
without the thoughts, and can be some bytes off. Therefore a place counts only if it
has the text that came with it, which is else looked for nearby. Sources:
https://ai.google.dev/api/generate-content#Segment and the recordings in pydantic-ai's
`tests/models/cassettes/test_google` of August 2026.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Hashable, Iterator, Sequence
from typing import NamedTuple

import msgspec

_STEP = 1024
"""Code points between those whose byte is noted."""
_DRIFT = 1 << 14
"""Code points around the told place in which the text of a segment is looked for."""


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
    """The text parts of an answer, each with the key that its builder knows it by.

    What one look-up costs does not depend on how long the answer is.
    """

    def __init__(self, texts: Sequence[tuple[Hashable, str]], pieces: Sequence[Hashable]) -> None:
        """`pieces` has the key of what each part that came was added to."""
        self._pieces = pieces
        self._keys = [key for key, _ in texts]
        self._whole = "".join(text for _, text in texts)
        self._written = self._whole.encode()
        self._starts = [0]
        """Where each part starts, in code points, and where the last one ends."""
        self._bytes = [0]
        """The same in bytes."""
        self._places = {key: place for place, key in enumerate(self._keys)}
        self.last: Hashable | None = None
        """The last part that has a text; None if there is none."""
        for key, text in texts:
            self._starts.append(self._starts[-1] + len(text))
            self._bytes.append(self._bytes[-1] + len(text.encode()))
            if text:
                self.last = key
        self._marks = [0]
        """The byte of every so many code points."""
        for at in range(0, len(self._whole), _STEP):
            self._marks.append(self._marks[-1] + len(self._whole[at : at + _STEP].encode()))

    def find(self, segment: Segment) -> tuple[int, int] | None:
        """Where the segment is in the whole text, in code points; None if it is not found."""
        return self._named(segment) or self._exact(segment) or self._near(segment)

    def spans(self, start: int, end: int) -> Iterator[Span]:
        """The stretches of parts that are a stretch of the whole text."""
        for place in range(bisect_right(self._starts, start) - 1, len(self._keys)):
            first, last = self._starts[place], self._starts[place + 1]
            if first >= end:
                return
            if first < last:
                yield Span(self._keys[place], max(start, first) - first, min(end, last) - first)

    def _named(self, segment: Segment) -> tuple[int, int] | None:
        """The segment in the part that it names."""
        index = segment.part_index
        if index is None or not 0 <= index < len(self._pieces):
            return None
        place = self._places.get(self._pieces[index])
        if place is None:
            return None
        return self._exact(segment, self._bytes[place], self._bytes[place + 1])

    def _exact(
        self, segment: Segment, first: int = 0, last: int | None = None
    ) -> tuple[int, int] | None:
        """The segment in code points, if these bytes have it there and it is the one told."""
        last = len(self._written) if last is None else last
        start, end = first + (segment.start_index or 0), first + (segment.end_index or 0)
        if not first <= start < end <= last:
            return None
        begun, ended = self._code_point(start), self._code_point(end)
        if begun is None or ended is None:
            return None
        text = segment.text
        if text and (len(text) != ended - begun or not self._whole.startswith(text, begun)):
            return None
        return begun, ended

    def _code_point(self, at: int) -> int | None:
        """The code point that starts at a byte; None inside of one."""
        written = self._written
        if len(written) == len(self._whole):
            return at
        if at < len(written) and written[at] & 0xC0 == 0x80:
            return None
        mark = bisect_right(self._marks, at) - 1
        before = min(mark * _STEP, len(self._whole))
        return before + len(written[self._marks[mark] : at].decode())

    def _near(self, segment: Segment) -> tuple[int, int] | None:
        """The segment by its text, at the place nearest to the one that was told."""
        text = segment.text
        if not text:
            return None
        at = max(0, min(segment.start_index or 0, len(self._written)))
        while (told := self._code_point(at)) is None:
            at -= 1
        places = (
            self._whole.rfind(text, max(told - _DRIFT, 0), told + len(text)),
            self._whole.find(text, told, told + _DRIFT + len(text)),
        )
        known = [place for place in places if place >= 0]
        if not known:
            return None
        start = min(known, key=lambda place: abs(place - told))
        return start, start + len(text)
