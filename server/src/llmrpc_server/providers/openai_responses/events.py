"""What each event of a stream says of an item of the output.

Deltas are the pieces of texts and arguments; events that end in `done` repeat what they
were, and some servers send nothing else. Source:
https://developers.openai.com/api/reference/resources/responses/streaming-events
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

import msgspec

from llmrpc.answer import TextKind
from llmrpc_server.providers.kept_json import NOTHING, string
from llmrpc_server.providers.openai_family.fields import arguments_of, model_text, object_of
from llmrpc_server.providers.openai_responses import wire
from llmrpc_server.providers.openai_responses.items import Items
from llmrpc_server.providers.openai_responses.pieces import REASONING_TEXT, Pieces

_MESSAGE, _REASONING, _CALL = "message", "reasoning", "function_call"

DELTAS: Mapping[str, tuple[str, str, Callable[[Pieces, int, int, str], None]]] = {
    "response.output_text.delta": (_MESSAGE, "content", Pieces.text),
    "response.refusal.delta": (_MESSAGE, "content", Pieces.refusal),
    "response.reasoning_summary_text.delta": (_REASONING, "summary", Pieces.summary),
    "response.reasoning_text.delta": (_REASONING, REASONING_TEXT, Pieces.reasoning),
    "response.function_call_arguments.delta": (_CALL, "call", Pieces.arguments),
}
"""The kind of item that each delta is of, what of it, and where it goes."""
_WHOLE: Mapping[str, tuple[str, str, TextKind]] = {
    "response.output_text.done": (_MESSAGE, "content", "text"),
    "response.refusal.done": (_MESSAGE, "content", "refusal"),
    "response.reasoning_summary_text.done": (_REASONING, "summary", "reasoning"),
    "response.reasoning_text.done": (_REASONING, REASONING_TEXT, "reasoning"),
}
"""Whole texts: the kind of item, what of it, and the kind of text."""
_PARTS: Mapping[str, tuple[str, str, TextKind]] = {
    "output_text": (_MESSAGE, "content", "text"),
    "refusal": (_MESSAGE, "content", "refusal"),
    "summary_text": (_REASONING, "summary", "reasoning"),
    "reasoning_text": (_REASONING, REASONING_TEXT, "reasoning"),
}
"""The same for a part, by its type."""
_OF_PARTS = frozenset(
    {
        "response.content_part.added",
        "response.content_part.done",
        "response.reasoning_summary_part.added",
        "response.reasoning_summary_part.done",
    }
)
_HIGHEST = 1 << 31
"""An index above it is none."""
_ARGUMENTS = "response.function_call_arguments.done"
ENDS = {
    "response.completed": "completed",
    "response.incomplete": "incomplete",
    "response.failed": "failed",
    "response.done": "",  # of ChatGPT's backend: https://github.com/can1357/oh-my-pi/pull/4692
}
"""The status that an event with a whole answer tells by its name; empty: it tells none."""
_READ = frozenset(
    {
        *DELTAS,
        *_WHOLE,
        *_OF_PARTS,
        *ENDS,
        _ARGUMENTS,
        "error",
        "response.created",
        "response.in_progress",
        "response.output_item.added",
        "response.output_item.done",
        "response.output_text.annotation.added",
        "response.queued",
    }
)
_NO_CONTENT = frozenset({"", "error", "keepalive", "message", "ping"})


def is_read(kind: str) -> bool:
    """Whether anything is read of events of this type."""
    return kind in _READ


def says_nothing(kind: str) -> bool:
    """Whether an event of this type is left out without a warning."""
    return kind in _NO_CONTENT or kind in DELTAS


class Events:
    """Takes the events of one stream, so far as they are of an item."""

    __slots__ = ("_items", "_last", "_number_of_last", "_place_of_last")

    def __init__(self, items: Items) -> None:
        self._items = items
        self._last: object = None
        """How the last event named its piece, if it was a delta: nearly all are of the same."""
        self._place_of_last = 0
        self._number_of_last = 0

    def take(self, said: wire.Event) -> bool:
        """Takes one event; False for one that is of no item.

        Raises one of `UNDECODABLE` for content that is no text.
        """
        items, kind = self._items, said.type
        delta = DELTAS.get(kind)
        if delta is not None:
            self.delta(said, *delta)
            return True
        self._last = None
        index = _index(said.output_index)
        if kind in _WHOLE:
            self._whole(said, index, _WHOLE[kind])
        elif kind in _OF_PARTS:
            self._part(said, index)
        elif kind == _ARGUMENTS:
            if whole := arguments_of(said.arguments):
                items.whole_arguments(self._place(_CALL, said, index), whole)
        elif kind == "response.output_text.annotation.added":
            place = self._place(_MESSAGE, said, index)
            items.annotate(place, self._number(place, "content", said), said.annotation)
        elif kind == "response.output_item.added":
            items.begin(index, said.item)
        elif kind == "response.output_item.done":
            items.end(index, said.item)
        else:
            return False
        return True

    def _place(self, kind: str, said: wire.Event, index: int | None) -> int:
        return self._items.places.piece(kind, index, string(said.item_id))

    def delta(
        self,
        said: wire.Event,
        kind: str,
        what: str,
        add: Callable[[Pieces, int, int, str], None],
    ) -> None:
        """Takes a piece, as `DELTAS` says of its type."""
        text = said.delta
        if not isinstance(text, str):
            if text:
                raise msgspec.ValidationError("a delta is no text")
            return
        named = (
            said.type, said.item_id, said.output_index, said.content_index, said.summary_index,
        )  # fmt: skip
        if named != self._last:
            self._last = named
            place = self._place(kind, said, _index(said.output_index))
            self._place_of_last = place
            self._number_of_last = self._number(place, what, said)
        add(self._items, self._place_of_last, self._number_of_last, text)

    def _whole(self, said: wire.Event, index: int | None, where: tuple[str, str, TextKind]) -> None:
        kind, what, sort = where
        text = model_text(said.refusal if sort == "refusal" else said.text)
        if text:
            place = self._place(kind, said, index)
            self._items.whole_text(place, what, self._number(place, what, said), text, sort)

    def _part(self, said: wire.Event, index: int | None) -> None:
        """A part that begins, which may have text by then, or ends."""
        fields = object_of(said.part)
        kind = string(fields.get("type", NOTHING))
        item, what, sort = _PARTS.get(kind, (_MESSAGE, "content", "text"))
        place = self._place(item, said, index)
        number = self._number(place, what, said)
        if said.type == "response.content_part.added":
            self._items.announce(place, number, kind)
        if kind in _PARTS:
            text = model_text(fields.get("refusal" if sort == "refusal" else "text", NOTHING))
            if text:
                self._items.whole_text(place, what, number, text, sort)

    def _number(self, place: int, what: str, said: wire.Event) -> int:
        """The number of a piece; one without goes on with the last."""
        number = said.content_index if said.summary_index is None else said.summary_index
        last = self._items.items[place].last
        number = _index(number)
        if number is None:
            return last.get(what, 0)
        last[what] = number
        return number


def _index(index: int | None) -> int | None:
    """An index; None for a number that is none."""
    return index if index is not None and 0 <= index < _HIGHEST else None
