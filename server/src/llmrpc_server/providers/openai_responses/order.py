"""Items that came whole, in the order of the output: each waits for those before it."""

from __future__ import annotations

from collections.abc import Iterator
from heapq import heappop, heappush
from typing import Generic, TypeVar

from llmrpc.answer import AnswerBuilder

T = TypeVar("T")


class Order(Generic[T]):
    """What is held, by its place in the output, and the places that are waited for."""

    __slots__ = ("_awaited", "_held", "_open", "_parts", "_places")

    def __init__(self, parts: AnswerBuilder) -> None:
        self._parts = parts
        self._held: dict[int, tuple[T, int]] = {}
        self._places: list[int] = []
        """The places of what is held; a heap, as is `_awaited`."""
        self._open: set[int] = set()
        self._awaited: list[int] = []

    def expect(self, place: int) -> None:
        """Notes that an item will come whole."""
        if place not in self._open:
            self._open.add(place)
            heappush(self._awaited, place)

    def hold(self, place: int, whole: T, size: int) -> None:
        """Takes an item of so many bytes, which are held until it is given."""
        self._open.discard(place)
        self._held[place] = (whole, size)
        self._parts.keep(size)
        heappush(self._places, place)

    def give(self) -> Iterator[tuple[int, T]]:
        """Gives what waits for no item any more."""
        while self._awaited and self._awaited[0] not in self._open:
            heappop(self._awaited)
        return self.give_before(self._awaited[0] if self._awaited else None)

    def give_before(self, place: int | None) -> Iterator[tuple[int, T]]:
        """Gives what is held at the places before this one; None: all."""
        while self._places and (place is None or self._places[0] < place):
            before = heappop(self._places)
            whole, size = self._held.pop(before)
            self._parts.keep(-size)
            yield before, whole
