"""Output items become parts, whole or piece by piece.

A message gives a part for each piece of its content, a function call one, reasoning one
for each text of its summary or of its content, a generated image one, and any other
item is a provider block. So that each goes back as it came, its parts are signed with the
item's id and with what else the item and its pieces had (`kept.py`); reasoning also with

    encrypted_content   on the last text of the summary, or on an empty part
    reasoning_text      on what is no summary but the reasoning itself

Sources: https://developers.openai.com/api/docs/guides/reasoning#encrypted-reasoning-items
and https://developers.openai.com/api/reference/resources/responses
"""

from __future__ import annotations

from collections.abc import Iterable

from msgspec import Raw

from llmrpc.answer import TextKind
from llmrpc_server.providers.kept_json import Fields, came, string
from llmrpc_server.providers.openai_family.fields import ENTRY, arguments_of, is_text
from llmrpc_server.providers.openai_responses import wire
from llmrpc_server.providers.openai_responses.blocks import make_block
from llmrpc_server.providers.openai_responses.growing import Growing, Key
from llmrpc_server.providers.openai_responses.kept import extra_of, late, unusual, write_extra
from llmrpc_server.providers.openai_responses.progress import missing

REASONING_TEXT = "reasoning_text"
"""The type of reasoning that is no summary, and its signature's data."""

_IN_PIECES = ("message", "reasoning", "function_call")


class Items(Growing):
    """The items of one answer, found by their place: ids may change on the way."""

    __slots__ = ()

    def begin(self, place: int, raw: Raw) -> None:
        """Starts a call; other items start with their first text, or come whole."""
        kind = wire.kind_of(raw)
        item = self.item(place)
        if kind is None or item.whole:
            return
        self.parts.keep(len(kind) - len(item.kind))
        item.kind = kind
        if kind == "function_call":
            call = wire.read_item(raw)
            if call.name:
                self._call(place, call)
        elif kind not in _IN_PIECES:
            self.order.expect(place)

    def announce(self, place: int, number: int, kind: str) -> None:
        """Notes that a piece of content of a type starts.

        Without it content of another number goes on with the first: some servers
        count every delta.
        """
        item = self.item(place)
        if number not in item.announced:
            self.parts.keep(ENTRY + len(kind))
            item.announce(number, kind)

    def text(self, place: int, number: int, text: str) -> None:
        """Adds to a text of a message."""
        self._piece(place, "content", self.number(place, number), text, "text")

    def refusal(self, place: int, number: int, text: str) -> None:
        """Adds to a refusal."""
        self._piece(place, "content", self.number(place, number), text, "refusal")

    def summary(self, place: int, number: int, text: str) -> None:
        """Adds to a text of a reasoning's summary."""
        self._piece(place, "summary", number, text, "reasoning")

    def reasoning(self, place: int, number: int, text: str) -> None:
        """Adds to reasoning that is shown as it was thought."""
        self._piece(place, REASONING_TEXT, self.number(place, number), text, "reasoning")

    def arguments(self, place: int, _: int, text: str) -> None:
        """Adds to the arguments of a call that was begun."""
        item = self.item(place)
        if ("call", 0) in item.begun and "call" not in item.closed:
            self.parts.tool_call((place, "call", 0), arguments=text)

    def annotate(self, place: int, number: int, raw: Raw) -> None:
        """Takes a citation of a text of a message, which is told when that is complete."""
        item = self.item(place)
        if not item.whole:
            self.parts.keep(ENTRY + len(bytes(raw)))
            number = self.number(place, number)
            item.citations.setdefault(number, []).append(raw.copy())

    def end(self, place: int, raw: Raw) -> None:
        """Takes an item that is whole: what no piece told of it, and its signature."""
        kind = wire.kind_of(raw)
        progress = self.item(place)
        if kind is None or progress.whole:
            return
        progress.whole = True
        if kind == "message":
            self._message(place, wire.read_item(raw), raw)
        elif kind == "reasoning":
            self._reasoning(place, wire.read_item(raw), raw)
        elif kind == "function_call":
            self._function_call(place, wire.read_item(raw), raw)
        else:
            self.whole(place, raw)

    def all(self, items: Iterable[Raw]) -> None:
        """Takes a whole output; an item that is known already is left as it is."""
        for place, item in enumerate(items):
            self.end(place, item)
        self.release(None)
        for place, progress in self.items.items():
            if not progress.whole:
                self.leave(place, progress)

    def _piece(self, place: int, what: str, number: int, text: str, kind: TextKind) -> None:
        item = self.item(place)
        if text and what not in item.closed:
            self.add((place, what, number), text, kind)

    def _call(self, place: int, item: wire.Item) -> None:
        key = (place, "call", 0)
        if self.open(key):
            self.parts.tool_call(key, item.call_id or item.id or f"call_{place}", item.name or "")

    def _function_call(self, place: int, item: wire.Item, raw: Raw) -> None:
        """A call without a name, which nobody can run, is a provider block."""
        if not item.name and not self.item(place).begun:
            self.whole(place, raw)
            return
        self._call(place, item)
        key, whole = (place, "call", 0), arguments_of(item.arguments)
        told = self.parts.text_of(key)
        rest, agrees = missing({0: told} if told else {}, [whole])
        self.arguments(place, 0, rest.get(0, ""))
        self.check(place, "call", agrees=agrees or not whole, whole=bool(whole))
        extra = extra_of("function_call", raw)
        if item.id or extra:
            self.sign(key, item, extra=write_extra(extra, {}))

    def _message(self, place: int, item: wire.Item, raw: Raw) -> None:
        if item.phase != "commentary":
            self.uses.message(place)
        if not item.content:
            if self.item(place).begun:
                self.leave(place, self.item(place))
            else:
                self.whole(place, raw)
            return
        pieces = [(wire.read_text(each), each) for each in item.content]
        rest = self.rest(place, "content", [_text(piece) for piece, _ in pieces])
        extra = extra_of("message", raw)
        odds: list[Fields] = []
        for number, (piece, each) in enumerate(pieces):
            key, kind = (place, "content", number), _kind(piece)
            odd: Fields = {}
            if kind is None:
                if self.open(key):
                    block = make_block(wire.read_trace(each), each, self.provider)
                    self.parts.provider_block(key, block)
            else:
                if number in rest:
                    self.add(key, rest[number], kind)
                self.empty(key, "refusal" if kind == "refusal" else "output_text")
                refused = kind == "refusal"
                odd = unusual(each, *(("refusal", "refusal") if refused else ("output_text",)))
                self.cite_all(key, piece)
            odds.append(odd)
        begun = self.item(place).begun
        is_late = late([begun["content", number] for number in range(len(pieces))])
        for number, odd in enumerate(odds):
            several = item.id or extra or any(is_late)
            if several or odd or not _text(pieces[number][0]):
                own = {} if number else extra
                text = write_extra(own, odd, number if is_late[number] else None)
                self.sign((place, "content", number), item, extra=text)
        self.sign_empty(place, item, len(pieces))
        if self.item(place).citations:
            self.warn_of_citations("a citation of a text that it did not send: left out")

    def _reasoning(self, place: int, item: wire.Item, raw: Raw) -> None:
        signed: dict[Key, tuple[str, Fields, int | None]] = {}
        begun = self.item(place).begun
        last = (place, "summary", 0)
        for what, data, usual, pieces in (
            ("summary", "", "summary_text", item.summary or ()),
            (REASONING_TEXT, REASONING_TEXT, REASONING_TEXT, item.content or ()),
        ):
            texts = [string(wire.read_text(each).text) for each in pieces]
            rest = self.rest(place, what, texts)
            for number, each in enumerate(pieces):
                key, odd = (place, what, number), unusual(each, usual)
                if number in rest:
                    self.add(key, rest[number], "reasoning")
                elif odd and self.open(key):
                    self.parts.start(key, "reasoning")
                if key[1:] in begun:
                    signed[key] = (data, odd, None)
            mine = [key for key in signed if key[1] == what]
            for number, (key, is_late) in enumerate(
                zip(mine, late([begun[key[1:]] for key in mine]), strict=True)
            ):
                if is_late:
                    signed[key] = (*signed[key][:2], number)
            if mine and what == "summary":
                last = max(mine, key=lambda key: begun[key[1:]])
        if item.encrypted_content:
            if self.open(last):
                self.parts.start(last, "reasoning")
            _, odd, late_number = signed.pop(last, ("", {}, None))
            signed[last] = (item.encrypted_content, odd, late_number)
        for index, (key, (data, odd, late_number)) in enumerate(signed.items()):
            extra = extra_of("reasoning", raw) if index == len(signed) - 1 else {}
            self.sign(key, item, data, write_extra(extra, odd, late_number))


def _text(piece: wire.Text) -> str:
    """The text of a piece of a message; empty where it is none."""
    match _kind(piece):
        case "refusal":
            return string(piece.refusal)
        case "text":
            return string(piece.text)
        case _:
            return ""


def _kind(piece: wire.Text) -> TextKind | None:
    """What part a piece of a message is; None for a provider block."""
    kind = string(piece.type)
    if kind == "refusal" and is_text(piece.refusal):
        return "refusal"
    if is_text(piece.text) or (kind == "output_text" and not came(piece.text)):
        return "text"
    return None
