"""Output items become parts, whole or piece by piece.

A message gives a part for each piece of its content, a function call one, and
reasoning one for each text of its summary or of its content. So that reasoning
goes back as it came, each of its parts is signed with the item's id, and with

    encrypted_content   on the last text of the summary, or on an empty part
    reasoning_text      on what is no summary but the reasoning itself

A message that has a phase signs its texts with that word and its id: models from
gpt-5.3-codex on want it back. Sources:
https://developers.openai.com/api/docs/guides/reasoning#encrypted-reasoning-items
and https://developers.openai.com/api/reference/resources/responses
"""

from __future__ import annotations

from collections.abc import Iterable

import msgspec

from llmrpc import v1 as pb
from llmrpc.answer import AnswerBuilder, TextKind
from llmrpc_server.providers.openai_responses import wire

REASONING_TEXT = "reasoning_text"
"""The type of reasoning that is no summary, and its signature's data."""

_Key = tuple[int, str, int]
"""An item's place in the output, what of it, and the number of that."""


class Items:
    """The items of one answer, found by their place: ids may change on the way."""

    __slots__ = ("_announced", "_begun", "_parts", "_provider", "_seen", "_taken")

    def __init__(self, parts: AnswerBuilder, provider: str) -> None:
        self._parts = parts
        self._provider = provider
        self._announced: set[tuple[int, int]] = set()
        self._begun: set[_Key] = set()
        self._seen: set[tuple[int, str]] = set()
        """What of an item came in pieces, and is not taken again from the whole."""
        self._taken: set[int] = set()

    def begin(self, place: int, raw: msgspec.Raw) -> None:
        """Starts a call; other items start with their first text."""
        item = wire.read_item(raw)
        if item is not None and item.type == "function_call":
            self._call(place, item)

    def announce(self, place: int, number: int) -> None:
        """Notes that a piece of content starts.

        Without it content of another number goes on with the first: some servers
        count every delta.
        """
        self._announced.add((place, number))

    def text(self, place: int, number: int, text: str) -> None:
        """Adds to a text of a message."""
        self._piece(place, "content", self._number(place, number), text, "text")

    def refusal(self, place: int, number: int, text: str) -> None:
        """Adds to a refusal."""
        self._piece(place, "content", self._number(place, number), text, "refusal")

    def summary(self, place: int, number: int, text: str) -> None:
        """Adds to a text of a reasoning's summary."""
        self._piece(place, "summary", number, text, "reasoning")

    def reasoning(self, place: int, number: int, text: str) -> None:
        """Adds to reasoning that is shown as it was thought."""
        self._piece(place, REASONING_TEXT, self._number(place, number), text, "reasoning")

    def arguments(self, place: int, _: int, text: str) -> None:
        """Adds to the arguments of a call that was begun."""
        if (place, "call", 0) in self._begun:
            self._seen.add((place, "call"))
            self._parts.tool_call((place, "call", 0), arguments=text)

    def end(self, place: int, raw: msgspec.Raw) -> None:
        """Takes an item that is whole: what no piece told of it, and its signature."""
        item = wire.read_item(raw)
        if item is None or place in self._taken:
            return
        self._taken.add(place)
        match item.type:
            case "message":
                self._message(place, item)
            case "reasoning":
                self._reasoning(place, item)
            case _:
                self._call(place, item)
                if (place, "call") not in self._seen:
                    self.arguments(place, 0, item.arguments or "")

    def all(self, items: Iterable[msgspec.Raw]) -> None:
        """Takes a whole output; an item that is known already is left as it is."""
        for place, item in enumerate(items):
            self.end(place, item)

    def _number(self, place: int, number: int) -> int:
        return number if (place, number) in self._announced else 0

    def _piece(self, place: int, what: str, number: int, text: str, kind: TextKind) -> None:
        self._seen.add((place, what))
        self._add((place, what, number), text, kind)

    def _add(self, key: _Key, text: str, kind: TextKind) -> None:
        if text:
            self._begun.add(key)
            self._parts.text(key, text, kind)

    def _call(self, place: int, item: wire.Item) -> None:
        key = (place, "call", 0)
        if key not in self._begun:
            self._begun.add(key)
            self._parts.tool_call(key, item.call_id or item.id or f"call_{place}", item.name or "")

    def _message(self, place: int, item: wire.Item) -> None:
        for number, piece in enumerate(item.content or ()):
            key = (place, "content", number)
            if piece.type == "refusal":
                self._whole(key, piece.refusal, "refusal")
            else:
                self._whole(key, piece.text, "text")
            if item.phase and key in self._begun:
                self._sign(key, item, item.phase)

    def _reasoning(self, place: int, item: wire.Item) -> None:
        last = (place, "summary", 0)
        for number, piece in enumerate(item.summary or ()):
            key = (place, "summary", number)
            self._whole(key, piece.text, "reasoning")
            if key in self._begun:
                if last != key and last in self._begun:
                    self._sign(last, item, "")
                last = key
        for number, piece in enumerate(item.content or ()):
            key = (place, REASONING_TEXT, number)
            self._whole(key, piece.text, "reasoning")
            if key in self._begun:
                self._sign(key, item, REASONING_TEXT)
        if item.encrypted_content:
            self._parts.start(last, "reasoning")
            self._begun.add(last)
        if last in self._begun:
            self._sign(last, item, item.encrypted_content or "")

    def _whole(self, key: _Key, text: str | None, kind: TextKind) -> None:
        if key[:2] not in self._seen:
            self._add(key, text or "", kind)

    def _sign(self, key: _Key, item: wire.Item, data: str) -> None:
        self._parts.signature(
            key, pb.Signature(provider=self._provider, data=data, id=item.id or "")
        )
