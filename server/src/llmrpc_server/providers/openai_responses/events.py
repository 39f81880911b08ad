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
from llmrpc_server.providers.openai_responses.items import REASONING_TEXT, Items

_MESSAGE, _REASONING, _CALL = "message", "reasoning", "function_call"

DELTAS: Mapping[str, tuple[str, Callable[[Items, int, int, str], None]]] = {
    "response.output_text.delta": (_MESSAGE, Items.text),
    "response.refusal.delta": (_MESSAGE, Items.refusal),
    "response.reasoning_summary_text.delta": (_REASONING, Items.summary),
    "response.reasoning_text.delta": (_REASONING, Items.reasoning),
    "response.function_call_arguments.delta": (_CALL, Items.arguments),
}
"""The kind of item that each delta is of, and where it goes."""
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
_ARGUMENTS = "response.function_call_arguments.done"
ENDS = {
    "response.completed": "completed",
    "response.incomplete": "incomplete",
    "response.failed": "failed",
}
"""The status that an event with a whole answer tells by its name."""
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

    __slots__ = ("_items",)

    def __init__(self, items: Items) -> None:
        self._items = items

    def take(self, said: wire.Event) -> bool:
        """Takes one event; False for one that is of no item.

        Raises one of `UNDECODABLE` for content that is no text.
        """
        items, kind = self._items, said.type
        index = said.output_index
        if index is not None and index < 0:
            index = None
        delta = DELTAS.get(kind)
        if delta is not None:
            self._delta(said, index, *delta)
        elif kind in _WHOLE:
            self._whole(said, index, _WHOLE[kind])
        elif kind in _OF_PARTS:
            self._part(said, index)
        elif kind == _ARGUMENTS:
            if whole := arguments_of(said.arguments):
                items.whole_arguments(self._place(_CALL, said, index), whole)
        elif kind == "response.output_text.annotation.added":
            place = self._place(_MESSAGE, said, index)
            items.annotate(place, said.content_index or 0, said.annotation)
        elif kind == "response.output_item.added":
            items.begin(index, said.item)
        elif kind == "response.output_item.done":
            items.end(index, said.item)
        else:
            return False
        return True

    def _place(self, kind: str, said: wire.Event, index: int | None) -> int:
        return self._items.places.piece(kind, index, string(said.item_id))

    def _delta(
        self,
        said: wire.Event,
        index: int | None,
        kind: str,
        add: Callable[[Items, int, int, str], None],
    ) -> None:
        text = said.delta
        if not isinstance(text, str):
            if text:
                raise msgspec.ValidationError("a delta is no text")
            return
        add(self._items, self._place(kind, said, index), _number(said), text)

    def _whole(self, said: wire.Event, index: int | None, where: tuple[str, str, TextKind]) -> None:
        kind, what, sort = where
        text = model_text(said.refusal if sort == "refusal" else said.text)
        if text:
            place = self._place(kind, said, index)
            self._items.whole_text(place, what, _number(said), text, sort)

    def _part(self, said: wire.Event, index: int | None) -> None:
        """A part that begins, which may have text by then, or ends."""
        fields = object_of(said.part)
        kind = string(fields.get("type", NOTHING))
        item, what, sort = _PARTS.get(kind, (_MESSAGE, "content", "text"))
        place = self._place(item, said, index)
        number = _number(said)
        if said.type == "response.content_part.added":
            self._items.announce(place, number, kind)
        if kind in _PARTS:
            text = model_text(fields.get("refusal" if sort == "refusal" else "text", NOTHING))
            if text:
                self._items.whole_text(place, what, number, text, sort)


def _number(said: wire.Event) -> int:
    return said.content_index or said.summary_index or 0
