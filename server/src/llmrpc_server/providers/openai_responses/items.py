"""Output items become parts, which pieces of them may have begun (`pieces.py`).

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

import msgspec
from msgspec import Raw

from llmrpc.answer import TextKind
from llmrpc_server.providers.kept_json import Fields, came, string
from llmrpc_server.providers.loose import warn_of
from llmrpc_server.providers.openai_family.fields import arguments_of, is_text, model_text
from llmrpc_server.providers.openai_responses import wire
from llmrpc_server.providers.openai_responses.blocks import make_block
from llmrpc_server.providers.openai_responses.growing import Key
from llmrpc_server.providers.openai_responses.kept import extra_of, late, unusual, write_extra
from llmrpc_server.providers.openai_responses.pieces import REASONING_TEXT, Pieces
from llmrpc_server.providers.openai_responses.progress import Progress, missing

_IN_PIECES = ("message", "reasoning", "function_call")


class Items(Pieces):
    """The items of one answer, by their places: `places.py` says which each event is of."""

    __slots__ = ()

    def begin(self, index: int | None, raw: Raw) -> None:
        """Starts a call; other items start with their first text, or come whole."""
        kind = wire.kind_of(raw)
        if kind is None:
            return
        place = self.places.begin(kind, index, raw)
        item = self.items[place]
        if item.whole:
            return
        if kind == "function_call":
            call = self.read(raw)
            if call.name:
                self._call(place, call)
            if came(call.arguments) and string(call.arguments) != "":
                self._keep(item, raw)
        elif kind not in _IN_PIECES:
            self.order.expect(place)
        elif self.read(raw).content:
            self._keep(item, raw)

    def read(self, raw: Raw) -> wire.Item:
        """An item; what only describes it and cannot be read is left out with a warning."""
        item, left_out = wire.read_item(raw)
        warn_of(left_out, self.answer, self.provider)
        return item

    def _keep(self, item: Progress, raw: Raw) -> None:
        """Keeps what was announced with content: there may come nothing else of it."""
        self.parts.keep(len(bytes(raw)) - len(bytes(item.raw)))
        item.raw = raw.copy()

    def end(self, index: int | None, raw: Raw) -> None:
        """Takes an item that is whole: what no piece told of it, and its signature."""
        kind = wire.kind_of(raw)
        if kind is not None:
            self._end(self.places.end(kind, index, raw), kind, raw)

    def _end(self, place: int, kind: str, raw: Raw) -> None:
        progress = self.items[place]
        if progress.whole:
            return
        progress.whole = True
        if kind == "message":
            self._message(place, self.read(raw), raw)
        elif kind == "reasoning":
            self._reasoning(place, self.read(raw), raw)
        elif kind == "function_call":
            self._function_call(place, self.read(raw), raw)
        else:
            self.whole(place, raw)

    def all(self, items: Iterable[Raw]) -> None:
        """Takes a whole output; an item that is known already is left as it is.

        Raises one of `UNDECODABLE` for arguments of a call that nobody named.
        """
        listed = [(kind, raw) for raw in items if (kind := wire.kind_of(raw)) is not None]
        for place, (kind, raw) in zip(self.places.all(listed), listed, strict=True):
            self._end(place, kind, raw)
        self.release(None)
        self.speech.end_all()
        for place, progress in self.items.items():
            if progress.whole:
                continue
            if progress.raw and not self._has_told(place, progress):
                self._end(place, progress.kind, progress.raw)
            elif progress.early:
                raise msgspec.ValidationError("arguments came of a call without a name")
            else:
                self.leave(place, progress)

    def _has_told(self, place: int, progress: Progress) -> bool:
        begun = ("call", 0) in progress.begun
        return bool(progress.told) or (begun and bool(self.parts.text_of((place, "call", 0))))

    def _call(self, place: int, item: wire.Item) -> None:
        key = (place, "call", 0)
        if self.open(key):
            self.parts.tool_call(key, self.ids.take(item.call_id or item.id), item.name or "")
            early, progress = "".join(self.items[place].early), self.items[place]
            self.parts.keep(-len(early))
            progress.early.clear()
            self.speech.held(key, early)

    def _function_call(self, place: int, item: wire.Item, raw: Raw) -> None:
        """A call without a name, which nobody can run, is a provider block."""
        whole = arguments_of(item.arguments) or "".join(self.items[place].early)
        if not item.name and not self.items[place].begun:
            if whole.strip():
                self.whole(place, raw)
            return
        self._call(place, item)
        key = (place, "call", 0)
        self.speech.end(key)
        told = self.parts.text_of(key)
        rest, agrees = missing({0: told} if told else {}, [whole])
        self.arguments(place, 0, rest.get(0, ""))
        self.speech.settle(key)
        self.check(place, "call", agrees=agrees or not whole, whole=True)
        extra = extra_of("function_call", raw)
        if item.id or extra:
            self.sign(key, item, extra=write_extra(extra, {}))

    def _message(self, place: int, item: wire.Item, raw: Raw) -> None:
        if item.phase != "commentary":
            self.uses.message(place)
        content = _pieces(item, "output_text")
        if not content:
            if self.items[place].begun:
                self.leave(place, self.items[place])
            else:
                self.whole(place, raw)
            return
        pieces = [(wire.read_text(each), each) for each in content]
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
        begun = self.items[place].begun
        is_late = late([begun["content", number] for number in range(len(pieces))])
        for number, odd in enumerate(odds):
            several = item.id or extra or any(is_late)
            if several or odd or not _text(pieces[number][0]):
                own = {} if number else extra
                text = write_extra(own, odd, number if is_late[number] else None)
                self.sign((place, "content", number), item, extra=text)
        self.sign_empty(place, item, len(pieces))
        if self.items[place].citations:
            self.warn_of_citations("a citation of a text that it did not send; dropped")

    def _reasoning(self, place: int, item: wire.Item, raw: Raw) -> None:
        signed: dict[Key, tuple[str, Fields, int | None]] = {}
        begun = self.items[place].begun
        last = (place, "summary", 0)
        content = _pieces(item, REASONING_TEXT)
        for what, data, usual, pieces in (
            ("summary", "", "summary_text", item.summary or ()),
            (REASONING_TEXT, REASONING_TEXT, REASONING_TEXT, content),
        ):
            texts = [model_text(wire.read_text(each).text) for each in pieces]
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
            is_late = late([begun[key[1:]] for key in mine])
            numbers = ((each, key) for each, key in enumerate(mine) if is_late[each])
            signed.update((key, (*signed[key][:2], each)) for each, key in numbers)
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


def _pieces(item: wire.Item, kind: str) -> list[Raw]:
    """The pieces of an item's content, which some servers write as one text."""
    content = item.content or []
    if isinstance(content, str):
        return [Raw(msgspec.json.encode({"type": kind, "text": content}))]
    return content


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
    if kind == "refusal":
        model_text(piece.refusal)
    elif kind == "output_text":
        model_text(piece.text)
    if kind == "refusal" and is_text(piece.refusal):
        return "refusal"
    if is_text(piece.text) or (kind == "output_text" and not came(piece.text)):
        return "text"
    return None
