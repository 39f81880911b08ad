"""The names nearest to one that is unknown, found with less work than a call takes."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping

MOST = 3
LONGEST = 80
"""Characters of a name that are looked at: names come from callers."""
_SHORT = 8
"""Names as short as this are also found by pairs of letters: a slip spoils three of their four
triples."""
_LOOKED_AT = 1500
"""Entries of the index that are looked at for one name, those of the rarest pieces first."""
_COMPARED = 12
"""Those with the highest share of common pieces, which are then compared letter by letter."""
_WEIGHED = 64
"""Names with most pieces in common, which are then weighed by their length."""
_ALIKE = 0.65


class Nearest:
    """Knows names, and what each stands for: `fast` and `gpt-4o` for `openai/gpt-4o`.

    Making it takes time in proportion to the names: many are best taken in a thread.
    """

    def __init__(self, names: Mapping[str, str]) -> None:
        self._names = sorted((_seen(name), meant) for name, meant in names.items())
        self._by_piece: dict[str, list[int]] = defaultdict(list)
        for place, (name, _) in enumerate(self._names):
            for piece in _pieces(name):
                self._by_piece[piece].append(place)

    def to(self, name: str) -> list[str]:
        """At most three names to take instead, the nearest first; none is like it: none."""
        wanted = _seen(name)
        likeness = _Likeness(wanted)
        alike: dict[str, float] = {}
        for place in self._candidates(wanted):
            known, meant = self._names[place]
            ratio = likeness.to(known)
            if ratio >= _ALIKE:
                alike[meant] = max(ratio, alike.get(meant, 0.0))
        return sorted(alike, key=lambda meant: (-alike[meant], meant))[:MOST]

    def _candidates(self, wanted: str) -> list[int]:
        """The places with the highest share of common pieces; of equal ones the first by name."""
        pieces = _pieces(wanted)
        found = sorted(
            (places for piece in pieces if (places := self._by_piece.get(piece))), key=len
        )
        shared: Counter[int] = Counter()
        left = _LOOKED_AT
        for places in found:
            shared.update(places[:left])
            left -= len(places)
            if left <= 0:
                break
        size, names = len(pieces), self._names
        scores = [
            (-count / (size + len(names[place][0])), place)
            for place, count in shared.most_common(_WEIGHED)
        ]
        return [place for _, place in sorted(scores)[:_COMPARED]]


class _Likeness:
    """How much of a name is in another one: the longest common subsequence, in bits.

    Source: H. Hyyrö, "Bit-Parallel LCS-length Computation Revisited" (2004).
    """

    def __init__(self, name: str) -> None:
        self._size = len(name)
        self._full = (1 << len(name)) - 1
        self._masks: dict[str, int] = defaultdict(int)
        for place, letter in enumerate(name):
            self._masks[letter] |= 1 << place

    def to(self, other: str) -> float:
        """From 0, nothing in common, to 1, the same."""
        masks, state = self._masks, self._full
        for letter in other:
            common = state & masks.get(letter, 0)
            state = (state + common) | (state - common)
        length = (~state & self._full).bit_count()
        return 2 * length / (self._size + len(other) or 1)


def _seen(name: str) -> str:
    return name[:LONGEST].lower()


def _pieces(name: str) -> set[str]:
    text = f" {name} "
    pieces = {text[place : place + 3] for place in range(len(text) - 2)}
    pieces.add(text[-2:])  # names often differ in their last letter alone
    if len(name) <= _SHORT:
        pieces |= {text[place : place + 2] for place in range(len(text) - 1)}
    return pieces
