"""Which item an event or an item of the output belongs to, however it is numbered.

Items are the same by their id, else by the id of their call, else by their kind and order.
`output_index` is a place and no name: it may start at 1, have gaps, be shared or be missing,
and ids may change from event to event. Source: https://developers.openai.com/api/reference/resources/responses/streaming-events
and the reports that tests/cases/openai_responses/once.yaml names
"""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping, Sequence

from msgspec import Raw

from llmrpc.answer import MOST_PARTS, AnswerBuilder, too_many
from llmrpc_server.providers.kept_json import NOTHING, Fields, string
from llmrpc_server.providers.openai_family.fields import ENTRY, object_of
from llmrpc_server.providers.openai_responses.progress import Progress

_UNNAMED = frozenset({"id", "status"})
"""Fields by which the same item can differ."""


class Places:
    """The items of one answer by their places, which are those of the provider if they can be."""

    __slots__ = (
        "_by_call", "_by_id", "_by_index", "_ended", "_free", "_lost", "_open", "_parts", "items",
    )  # fmt: skip

    def __init__(self, parts: AnswerBuilder) -> None:
        self.items: dict[int, Progress] = {}
        self._parts = parts
        self._by_id: dict[str, int] = {}
        self._by_index: dict[int, int] = {}
        """The last item at each index."""
        self._open: dict[str, dict[int, None]] = {}
        """Items that have not come whole, by their kinds, in order."""
        self._lost: dict[str, dict[int, None]] = {}
        """Of these: those that were announced without an index, and of which no piece came."""
        self._by_call: dict[tuple[str, str], int] = {}
        self._ended: dict[tuple[str, int], int] = {}
        """Items that came whole, by what they were."""
        self._free = 0

    def piece(self, kind: str, index: int | None, id: str) -> int:
        """The place of the item that a piece belongs to; a new one, if it fits none."""
        place = self._by_id.get(id) if id else None
        if place is not None and self._takes(place, kind):
            self.items[place].spoke = True
            if index is not None and index not in self._by_index:
                self._by_index[index] = place
                self.items[place].placed = True
            return place
        place = self._at(index, kind)
        if place is None or self._is_next(place, id):
            place = self._last_open(kind, index, id)
        if place is None:
            place = self._new(kind, index, id)
        self._name(place, index, id)
        self.items[place].spoke = True
        self._lost.get(kind, {}).pop(place, None)
        return place

    def begin(self, kind: str, index: int | None, raw: Raw) -> int:
        """The place of an item that is announced: its own, or that of its pieces."""
        fields = object_of(raw)
        own, call = string(fields.get("id", NOTHING)), string(fields.get("call_id", NOTHING))
        place = self._by_id.get(own) if own else None
        if place is None or not self._takes(place, kind):
            place = self._at(index, kind)
            if place is not None and self._differs(place, own, call):
                place = None
        if place is None:
            place = self._new(kind, index, own)
        item = self.items[place]
        item.opened = True
        self._call(place, call)
        self._name(place, index, own)
        if not (item.placed or item.spoke):
            self._lost.setdefault(kind, {})[place] = None
        return place

    def end(self, kind: str, index: int | None, raw: Raw) -> int:
        """The place of an item that came whole."""
        fields = object_of(raw)
        own, call = string(fields.get("id", NOTHING)), string(fields.get("call_id", NOTHING))
        place = self._by_id.get(own) if own else None
        if place is None or not self._takes(place, kind):
            place = self._at(index, kind)
            if place is None:
                place = self._called(kind, index, call)
            if place is None:
                place = self._unplaced(kind, index, own)
            if place is not None and self._is_other(place, fields, call):
                place = None
        if place is None and index is None and not own:
            place = self._ended_before(kind, fields)
        if place is None:
            place = self._new(kind, index, own)
        self._close(place, fields, call)
        self._name(place, index, own)
        return place

    def all(self, items: Sequence[tuple[str, Raw]]) -> list[int]:
        """The places of a whole output: by id, else by call, kind and order."""
        if len(items) > MOST_PARTS:
            raise too_many(f"{MOST_PARTS} items")
        read = [(kind, object_of(raw)) for kind, raw in items]
        found: dict[int, int] = {}
        taken: set[int] = set()
        for number, (kind, fields) in enumerate(read):
            place = self._by_id.get(string(fields.get("id", NOTHING)))
            if place is not None and place not in taken and self._takes(place, kind):
                found[number] = place
                taken.add(place)
        free = _Free({place: item for place, item in self.items.items() if place not in taken})
        for number, (kind, fields) in enumerate(read):
            call = string(fields.get("call_id", NOTHING))
            if number not in found:
                place = free.take(kind, call)
                if place is None:
                    place = self._new(kind, number, string(fields.get("id", NOTHING)))
                found[number] = place
            self._close(found[number], fields, call)
        return [found[number] for number in range(len(read))]

    def _takes(self, place: int, kind: str) -> bool:
        return self.items[place].kind in ("", kind)

    def _at(self, index: int | None, kind: str) -> int | None:
        """The last item at an index, if it is of this kind."""
        place = None if index is None else self._by_index.get(index)
        return place if place is not None and self._takes(place, kind) else None

    def _is_next(self, place: int, id: str) -> bool:
        """Whether a piece behind a whole item is of another one: ids were kept so far."""
        item = self.items[place]
        return item.whole and bool(id) and len(item.ids) == 1 and id not in item.ids

    def _called(self, kind: str, index: int | None, call: str) -> int | None:
        """The item of a call, if no index tells it from another one with its id."""
        place = self._by_call.get((kind, call)) if call else None
        if place is None:
            return None
        return place if index is None or not self.items[place].placed else None

    def _ended_before(self, kind: str, fields: Fields) -> int | None:
        """The item that came whole as the same one, and under a name: it comes again."""
        place = self._ended.get((kind, _digest(fields)))
        if place is None:
            return None
        return place if self.items[place].ids or self.items[place].placed else None

    def _first_lost(self, kind: str) -> int | None:
        """The first item that was announced without an index, and of which nothing came."""
        return next(iter(self._lost.get(kind, ())), None)

    def _last_open(self, kind: str, index: int | None, id: str) -> int | None:
        """The last item that is open, for a piece without an index or with an unknown one.

        With an index it is the first one that was announced without, whatever its id.
        """
        if index is not None and (lost := self._first_lost(kind)) is not None:
            return lost
        place = next(reversed(self._open.get(kind, {})), None)
        if place is None:
            return None
        item = self.items[place]
        silent = item.opened and not item.spoke
        fits = not (id and item.ids) or id in item.ids
        if index is None:
            return place if fits or item.opened else None
        return place if fits and silent else None

    def _unplaced(self, kind: str, index: int | None, id: str) -> int | None:
        """The first item that is open, for one that came whole at a place where none is."""
        if index is not None and (lost := self._first_lost(kind)) is not None:
            return lost
        place = next(iter(self._open.get(kind, {})), None)
        if place is None or index is None:
            return place
        item = self.items[place]
        return place if not item.placed and not (id and item.ids) else None

    def _differs(self, place: int, id: str, call: str) -> bool:
        """Whether an item that is announced is not the one at its place."""
        item = self.items[place]
        if item.whole:
            return True
        if call and item.call_id:
            return call != item.call_id
        return item.opened and bool(id and item.ids) and id not in item.ids

    def _is_other(self, place: int, fields: Fields, call: str) -> bool:
        """Whether an item that came whole is not the one at its place."""
        item = self.items[place]
        if call and item.call_id and call != item.call_id:
            return True
        return item.whole and item.digest != _digest(fields)

    def _new(self, kind: str, index: int | None, id: str) -> int:
        place = self._free if index is None or index in self.items else index
        self._free = max(self._free, place + 1)
        item = self.items[place] = Progress()
        item.kind = kind
        self._open.setdefault(kind, {})[place] = None
        self._parts.keep(ENTRY + len(kind))
        self._name(place, index, id)
        return place

    def _name(self, place: int, index: int | None, id: str) -> None:
        item = self.items[place]
        if index is not None:
            self._by_index[index] = place
            item.placed = True
            self._lost.get(item.kind, {}).pop(place, None)
        if id and id not in self._by_id:
            self._by_id[id] = place
            item.ids.add(id)
            self._parts.keep(ENTRY + len(id))

    def _call(self, place: int, call: str) -> None:
        item = self.items[place]
        if call and not item.call_id:
            item.call_id = call
            self._by_call.setdefault((item.kind, call), place)
            self._parts.keep(ENTRY + len(call))

    def _close(self, place: int, fields: Fields, call: str) -> None:
        item = self.items[place]
        self._call(place, call)
        if not item.digest:
            item.digest = _digest(fields)
            self._ended[item.kind, item.digest] = place
        self._open.get(item.kind, {}).pop(place, None)
        self._lost.get(item.kind, {}).pop(place, None)


class _Free:
    """Items that no id names, in order: calls by their own ids, others by their kind."""

    def __init__(self, items: Mapping[int, Progress]) -> None:
        self._called: dict[tuple[str, str], int] = {}
        self._others: dict[str, deque[int]] = {}
        for place, item in items.items():
            if item.call_id:
                self._called.setdefault((item.kind, item.call_id), place)
            else:
                self._others.setdefault(item.kind, deque()).append(place)

    def take(self, kind: str, call: str) -> int | None:
        """The next item of a kind; one with another call's id is none."""
        if (kind, call) in self._called:
            return self._called.pop((kind, call))
        others = self._others.get(kind)
        return others.popleft() if others else None


def _digest(fields: Fields) -> int:
    """By which items are compared that have no ids of their own."""
    return hash(frozenset((name, bytes(fields[name])) for name in fields.keys() - _UNNAMED))
