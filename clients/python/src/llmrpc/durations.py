"""Durations in bounded memory: their mean, and quantiles within five percent."""

from __future__ import annotations

import math

_GROWTH = math.log(1.1)
"""Each class of durations is a tenth wider than the one before."""
_SHORTEST, _LONGEST = 0.0001, 100_000.0


class Durations:
    """A histogram with logarithmic classes: at most some 220 counts, however many durations.

    Seconds; what is below a tenth of a millisecond or above a day counts as that.
    """

    __slots__ = ("_classes", "_count", "_sum")

    def __init__(self) -> None:
        self._classes: dict[int, int] = {}
        self._count = 0
        self._sum = 0.0

    def add(self, seconds: float) -> None:
        """Counts one."""
        bounded = min(max(seconds, _SHORTEST), _LONGEST)
        place = math.floor(math.log(bounded) / _GROWTH)
        self._classes[place] = self._classes.get(place, 0) + 1
        self._count += 1
        self._sum += seconds

    def mean(self) -> float | None:
        """The mean of all; None where there is none."""
        return self._sum / self._count if self._count else None

    def quantile(self, share: float) -> float | None:
        """What this share of them does not exceed; None where there is none."""
        wanted = math.ceil(share * self._count)
        for place in sorted(self._classes):
            wanted -= self._classes[place]
            if wanted <= 0:
                return math.exp((place + 0.5) * _GROWTH)
        return None
