"""The names nearest to one that is unknown, found with bounded work."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping
from difflib import SequenceMatcher

MOST = 3
LONGEST = 80
"""Characters of a name that are looked at: names come from callers."""
_COMPARED = 24
"""Names with most pairs of letters in common, which are then compared letter by letter."""
_ALIKE = 0.6


class Nearest:
    """Knows names, and what each stands for: `fast` and `gpt-4o` for `openai/gpt-4o`."""

    def __init__(self, names: Mapping[str, str]) -> None:
        self._names = list(names.items())
        self._by_pair: dict[str, list[int]] = defaultdict(list)
        for place, (name, _) in enumerate(self._names):
            for pair in _pairs(name):
                self._by_pair[pair].append(place)

    def to(self, name: str) -> list[str]:
        """At most three names to take instead, the nearest first; none is like it: none."""
        pairs = _pairs(name)
        shared = Counter(place for pair in pairs for place in self._by_pair.get(pair, ()))
        wanted = name[:LONGEST].lower()
        alike: dict[str, float] = {}
        for place, common in _best(shared, self._names, len(pairs)):
            known, meant = self._names[place]
            ratio = SequenceMatcher(None, known[:LONGEST].lower(), wanted, autojunk=False).ratio()
            if common and ratio >= _ALIKE:
                alike[meant] = max(ratio, alike.get(meant, 0.0))
        return sorted(alike, key=lambda meant: (-alike[meant], meant))[:MOST]


def _best(shared: Counter[int], names: list[tuple[str, str]], size: int) -> list[tuple[int, float]]:
    """The places with the highest share of common pairs; of equal ones the first by name."""
    scores = {
        place: 2 * count / (size + len(names[place][0]) + 1) for place, count in shared.items()
    }
    best = sorted(scores.items(), key=lambda item: (-item[1], names[item[0]]))
    return best[:_COMPARED]


def _pairs(name: str) -> set[str]:
    text = f" {name[:LONGEST].lower()} "
    return {text[place : place + 2] for place in range(len(text) - 1)}
