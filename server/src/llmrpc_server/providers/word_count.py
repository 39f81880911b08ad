"""Words of a text, counted and taken at the speed of memory, however long it is.

A word is a run without white space, and the white space before it; white space at the end
of the text is one too.
"""

from __future__ import annotations

_CHUNK = 1 << 16
_WIDE = [chr(code) for code in range(0x80, 0x3001) if chr(code).isspace()]
"""White space outside ASCII."""
_CLASSES = bytes(ord(" " if code < 0x80 and chr(code).isspace() else "x") for code in range(256))
_END = b"x "
"""Where a word ends, once each character is a blank or an x."""


def count_words(text: str) -> int:
    """How many words a text has."""
    return _marks(text).count(_END) + bool(text)


class Words:
    """Takes words off the front of a text."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._marks = _marks(text)
        self._at = 0

    def take(self, count: int) -> str:
        """The next words, as many as are left at the most."""
        start, self._at = self._at, self._after(count)
        return self._text[start : self._at]

    def _after(self, count: int) -> int:
        """Where so many words end."""
        marks, at = self._marks, self._at
        while count > 64:
            found = marks.count(_END, at, at + _CHUNK)
            if found >= count or at >= len(marks):
                break
            count -= found
            at += _CHUNK - 1  # an end may lie across the border
        for _ in range(count):
            end = marks.find(_END, at)
            if end < 0:
                return len(marks)
            at = end + 1
        return at


def _marks(text: str) -> bytes:
    """A text as long, with a blank for each white space and an x for all else."""
    if not text.isascii():
        for space in _WIDE:
            text = text.replace(space, " ")
    return text.encode("ascii", "replace").translate(_CLASSES)
