"""Output items become parts, whole or piece by piece.

A message gives a part for each piece of its content, a function call one, reasoning one
for each text of its summary or of its content, a generated image one, and any other
item is a provider block. So that each goes back as it came, its parts are signed with the
item's id and with what else the item had (`kept.py`); reasoning also with

    encrypted_content   on the last text of the summary, or on an empty part
    reasoning_text      on what is no summary but the reasoning itself

Sources: https://developers.openai.com/api/docs/guides/reasoning#encrypted-reasoning-items
and https://developers.openai.com/api/reference/resources/responses
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

import msgspec

from llmrpc import v1 as pb
from llmrpc.answer import TextKind
from llmrpc_server.providers.dialect import Answer
from llmrpc_server.providers.openai_responses import wire
from llmrpc_server.providers.openai_responses.annotations import read_annotation
from llmrpc_server.providers.openai_responses.blocks import make_block, read_image
from llmrpc_server.providers.openai_responses.kept import extra_of
from llmrpc_server.providers.openai_responses.tool_uses import ToolUses

REASONING_TEXT = "reasoning_text"
"""The type of reasoning that is no summary, and its signature's data."""

_Key = tuple[int, str, int]
"""An item's place in the output, what of it, and the number of that."""
_IN_PIECES = ("message", "reasoning", "function_call")
_Whole = pb.ProviderBlock | tuple[pb.Image, pb.Signature]


class Items:
    """The items of one answer, found by their place: ids may change on the way."""

    __slots__ = (
        "_announced",
        "_answer",
        "_begun",
        "_cited",
        "_held",
        "_open",
        "_parts",
        "_provider",
        "_seen",
        "_taken",
        "_told",
        "uses",
    )

    def __init__(self, answer: Answer, provider: str) -> None:
        self.uses = ToolUses()
        self._answer = answer
        self._parts = answer.parts
        self._provider = provider
        self._announced: dict[tuple[int, int], str] = {}
        """The types of pieces of content that were announced."""
        self._begun: set[_Key] = set()
        self._cited: Counter[_Key] = Counter()
        """How many annotations a text has."""
        self._held: dict[int, _Whole] = {}
        """What came whole before an item that it follows in the output."""
        self._open: set[int] = set()
        """Places of items that will come whole."""
        self._seen: set[tuple[int, str]] = set()
        """What of an item came in pieces, and is not taken again from the whole."""
        self._taken: set[int] = set()
        self._told: set[_Key] = set()
        """Texts that have come, or begun to."""

    def begin(self, place: int, raw: msgspec.Raw) -> None:
        """Starts a call; other items start with their first text, or come whole."""
        kind = wire.kind_of(raw)
        if kind == "function_call":
            self._call(place, wire.read_item(raw))
        elif kind is not None and kind not in _IN_PIECES and place not in self._taken:
            self._open.add(place)

    def announce(self, place: int, number: int, kind: str) -> None:
        """Notes that a piece of content of a type starts.

        Without it content of another number goes on with the first: some servers
        count every delta.
        """
        self._announced[place, number] = kind

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

    def annotate(self, place: int, number: int, raw: msgspec.Raw) -> None:
        """Adds a citation to a text of a message."""
        if place not in self._taken:
            number = self._number(place, number)
            self._start_before(place, number)
            self._cite((place, "content", number), raw)

    def end(self, place: int, raw: msgspec.Raw) -> None:
        """Takes an item that is whole: what no piece told of it, and its signature."""
        kind = wire.kind_of(raw)
        if kind is None or place in self._taken:
            return
        self._taken.add(place)
        if kind == "message":
            self._message(place, wire.read_item(raw), raw)
        elif kind == "reasoning":
            self._reasoning(place, wire.read_item(raw), raw)
        elif kind == "function_call":
            self._function_call(place, wire.read_item(raw), raw)
        else:
            self._whole(place, raw)

    def all(self, items: Iterable[msgspec.Raw]) -> None:
        """Takes a whole output; an item that is known already is left as it is."""
        self._open.clear()
        for place, item in enumerate(items):
            self.end(place, item)
        self._release(None)

    def _number(self, place: int, number: int) -> int:
        return number if (place, number) in self._announced else 0

    def _piece(self, place: int, what: str, number: int, text: str, kind: TextKind) -> None:
        key = (place, what, number)
        if key not in self._begun:
            self._seen.add((place, what))
            if what == "content":
                self._start_before(place, number)
        self._add(key, text, kind)

    def _start_before(self, place: int, number: int) -> None:
        """Starts the pieces of a message before this one, which may have stayed empty."""
        announced = (each for owner, each in self._announced if owner == place)
        for before in sorted(each for each in announced if each < number):
            self._empty((place, "content", before), self._announced[place, before])

    def _add(self, key: _Key, text: str, kind: TextKind) -> None:
        if text:
            self._told.add(key)
            self._begin(key)
            self._parts.text(key, text, kind)

    def _begin(self, key: _Key) -> bool:
        """Whether a part is new; what was held and comes before it comes now."""
        if key in self._begun:
            return False
        self._begun.add(key)
        if self._held:
            self._release(key[0])
        return True

    def _empty(self, key: _Key, kind: str) -> None:
        """Starts a text that may stay empty."""
        if kind in ("output_text", "refusal") and self._begin(key):
            self._parts.start(key, "refusal" if kind == "refusal" else "text")

    def _call(self, place: int, item: wire.Item) -> None:
        key = (place, "call", 0)
        if self._begin(key):
            self._parts.tool_call(key, item.call_id or item.id or f"call_{place}", item.name or "")

    def _function_call(self, place: int, item: wire.Item, raw: msgspec.Raw) -> None:
        self._call(place, item)
        if (place, "call") not in self._seen:
            self.arguments(place, 0, item.arguments or "")
        extra = extra_of("function_call", raw)
        if item.id or extra:
            self._sign((place, "call", 0), item, extra=extra)

    def _message(self, place: int, item: wire.Item, raw: msgspec.Raw) -> None:
        if item.phase != "commentary":
            self.uses.message(place)
        if not item.content:
            self._whole(place, raw)
            return
        extra = extra_of("message", raw)
        for number, each in enumerate(item.content):
            key = (place, "content", number)
            piece = wire.read_text(each)
            if piece.type == "refusal":
                self._rest(key, piece.refusal, "refusal")
            elif piece.type == "output_text" or piece.text is not None:
                self._rest(key, piece.text, "text")
                for citation in wire.read_list(piece.annotations)[self._cited[key] :]:
                    self._cite(key, citation)
            elif self._begin(key):
                block = make_block(wire.read_trace(each), each, self._provider)
                self._parts.provider_block(key, block)
            if item.id or extra or not (piece.text or piece.refusal):
                self._sign(key, item, extra=extra)

    def _reasoning(self, place: int, item: wire.Item, raw: msgspec.Raw) -> None:
        signed: list[tuple[_Key, str]] = []
        last = (place, "summary", 0)
        for number, piece in enumerate(item.summary or ()):
            key = (place, "summary", number)
            self._rest_of_reasoning(key, piece.text)
            if key in self._begun:
                signed.append((key, ""))
                last = key
        for number, each in enumerate(item.content or ()):
            key = (place, REASONING_TEXT, number)
            self._rest_of_reasoning(key, wire.read_text(each).text)
            if key in self._begun:
                signed.append((key, REASONING_TEXT))
        if item.encrypted_content:
            if self._begin(last):
                self._parts.start(last, "reasoning")
            signed = [pair for pair in signed if pair[0] != last]
            signed.append((last, item.encrypted_content))
        for index, (key, data) in enumerate(signed):
            extra = extra_of("reasoning", raw) if index == len(signed) - 1 else ""
            self._sign(key, item, data, extra)

    def _rest(self, key: _Key, text: str | None, kind: TextKind) -> None:
        if key[:2] not in self._seen or self._is_untold(key):
            self._add(key, text or "", kind)
        self._empty(key, "refusal" if kind == "refusal" else "output_text")

    def _is_untold(self, key: _Key) -> bool:
        """Whether a piece that was announced like its neighbors got no text of its own."""
        return key not in self._told and any(owner == key[0] for owner, _ in self._announced)

    def _rest_of_reasoning(self, key: _Key, text: str | None) -> None:
        if key[:2] not in self._seen:
            self._add(key, text or "", "reasoning")

    def _cite(self, key: _Key, raw: msgspec.Raw) -> None:
        self._cited[key] += 1
        annotation = read_annotation(raw, self._provider)
        if annotation is None:
            why = f"{self._provider} sent a citation that cannot be read: left out"
            self._answer.warn("message.parts.annotations", why)
            return
        self._empty(key, "output_text")
        self._parts.annotation(key, annotation)

    def _whole(self, place: int, raw: msgspec.Raw) -> None:
        """Takes an item that gives one part, which waits for those before it."""
        trace = wire.read_trace(raw)
        self.uses.take(place, trace)
        self._open.discard(place)
        self._held[place] = read_image(trace, raw, self._provider) or make_block(
            trace, raw, self._provider
        )
        self._release(min(self._open, default=None))

    def _release(self, before: int | None) -> None:
        """Gives what is held at the places before this one, in the order of the output."""
        for place in sorted(self._held):
            if before is not None and place > before:
                return
            key, whole = (place, "whole", 0), self._held.pop(place)
            if isinstance(whole, pb.ProviderBlock):
                self._parts.provider_block(key, whole)
            else:
                self._parts.image(key, whole[0])
                self._parts.signature(key, whole[1])

    def _sign(self, key: _Key, item: wire.Item, data: str = "", extra: str = "") -> None:
        signature = pb.Signature(provider=self._provider, data=data, id=item.id or "", extra=extra)
        self._parts.signature(key, signature)
