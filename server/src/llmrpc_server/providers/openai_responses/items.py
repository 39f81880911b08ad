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

from collections.abc import Iterable, Sequence

from msgspec import Raw

from llmrpc import v1 as pb
from llmrpc.answer import TextKind
from llmrpc_server.providers.dialect import Answer
from llmrpc_server.providers.failures import UNDECODABLE
from llmrpc_server.providers.openai_family.fields import (
    ENTRY,
    Fields,
    arguments_of,
    is_said,
    is_text,
    list_of,
    text_of,
)
from llmrpc_server.providers.openai_responses import wire
from llmrpc_server.providers.openai_responses.annotations import read_annotation
from llmrpc_server.providers.openai_responses.blocks import make_block, read_image
from llmrpc_server.providers.openai_responses.kept import extra_of, late, unusual, write_extra
from llmrpc_server.providers.openai_responses.order import Order
from llmrpc_server.providers.openai_responses.progress import Progress, missing
from llmrpc_server.providers.openai_responses.tool_uses import ToolUses

REASONING_TEXT = "reasoning_text"
"""The type of reasoning that is no summary, and its signature's data."""

_Key = tuple[int, str, int]
"""An item's place in the output, what of it, and the number of that."""
_IN_PIECES = ("message", "reasoning", "function_call")
_Whole = pb.ProviderBlock | tuple[pb.Image, pb.Signature]


class Items:
    """The items of one answer, found by their place: ids may change on the way."""

    __slots__ = ("_answer", "_items", "_order", "_parts", "_provider", "logprobs", "uses")

    def __init__(self, answer: Answer, provider: str) -> None:
        self.uses = ToolUses()
        self.logprobs: list[Raw] = []
        """Log probabilities of texts, which come only when they were asked for."""
        self._answer = answer
        self._parts = answer.parts
        self._provider = provider
        self._items: dict[int, Progress] = {}
        self._order: Order[_Whole] = Order(answer.parts)

    def begin(self, place: int, raw: Raw) -> None:
        """Starts a call; other items start with their first text, or come whole."""
        kind = wire.kind_of(raw)
        item = self._item(place)
        if kind is None or item.whole:
            return
        self._parts.keep(len(kind) - len(item.kind))
        item.kind = kind
        if kind == "function_call":
            call = wire.read_item(raw)
            if call.name:
                self._call(place, call)
        elif kind not in _IN_PIECES:
            self._order.expect(place)

    def announce(self, place: int, number: int, kind: str) -> None:
        """Notes that a piece of content of a type starts.

        Without it content of another number goes on with the first: some servers
        count every delta.
        """
        item = self._item(place)
        if number not in item.announced:
            self._parts.keep(ENTRY + len(kind))
            item.announce(number, kind)

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
        item = self._item(place)
        if ("call", 0) in item.begun and "call" not in item.closed:
            self._parts.tool_call((place, "call", 0), arguments=text)

    def annotate(self, place: int, number: int, raw: Raw) -> None:
        """Takes a citation of a text of a message, which is told when that is complete."""
        item = self._item(place)
        if not item.whole:
            self._parts.keep(ENTRY + len(bytes(raw)))
            number = self._number(place, number)
            item.citations.setdefault(number, []).append(raw.copy())

    def end(self, place: int, raw: Raw) -> None:
        """Takes an item that is whole: what no piece told of it, and its signature."""
        kind = wire.kind_of(raw)
        progress = self._item(place)
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
            self._whole(place, raw)

    def all(self, items: Iterable[Raw]) -> None:
        """Takes a whole output; an item that is known already is left as it is."""
        for place, item in enumerate(items):
            self.end(place, item)
        self._release(None)
        for place, progress in self._items.items():
            if not progress.whole:
                self._leave(place, progress)

    def _item(self, place: int) -> Progress:
        item = self._items.get(place)
        if item is None:
            item = self._items[place] = Progress()
            self._parts.keep(ENTRY)
        return item

    def _number(self, place: int, number: int) -> int:
        return number if number and number in self._item(place).announced else 0

    def _piece(self, place: int, what: str, number: int, text: str, kind: TextKind) -> None:
        item = self._item(place)
        if text and what not in item.closed:
            self._add((place, what, number), text, kind)

    def _add(self, key: _Key, text: str, kind: TextKind) -> None:
        place, what, number = key
        told = self._items[place].told.setdefault(what, {})
        if number not in told:
            if what == "content":
                self._start_before(place, number)
            self._begin(key)
            told[number] = None
        self._parts.text(key, text, kind)

    def _start_before(self, place: int, number: int) -> None:
        """Starts the pieces of a message before this one, which may have stayed empty."""
        for before, kind in self._item(place).before(number):
            self._empty((place, "content", before), kind)

    def _begin(self, key: _Key) -> bool:
        """Whether a part is new; what was held and comes before it comes now."""
        begun = self._item(key[0]).begun
        if key[1:] in begun:
            return False
        begun[key[1:]] = len(begun)
        self._parts.keep(ENTRY)
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

    def _function_call(self, place: int, item: wire.Item, raw: Raw) -> None:
        """A call without a name, which nobody can run, is a provider block."""
        if not item.name and not self._item(place).begun:
            self._whole(place, raw)
            return
        self._call(place, item)
        key, whole = (place, "call", 0), arguments_of(item.arguments)
        told = self._parts.text_of(key)
        rest, agrees = missing({0: told} if told else {}, [whole])
        self.arguments(place, 0, rest.get(0, ""))
        self._check(place, "call", agrees=agrees or not whole, whole=bool(whole))
        extra = extra_of("function_call", raw)
        if item.id or extra:
            self._sign(key, item, extra=write_extra(extra, {}))

    def _message(self, place: int, item: wire.Item, raw: Raw) -> None:
        if item.phase != "commentary":
            self.uses.message(place)
        if not item.content:
            if self._item(place).begun:
                self._leave(place, self._item(place))
            else:
                self._whole(place, raw)
            return
        pieces = [(wire.read_text(each), each) for each in item.content]
        rest = self._rest(place, "content", [_text(piece) for piece, _ in pieces])
        extra = extra_of("message", raw)
        odds: list[Fields] = []
        for number, (piece, each) in enumerate(pieces):
            key, kind = (place, "content", number), _kind(piece)
            odd: Fields = {}
            if kind is None:
                if self._begin(key):
                    block = make_block(wire.read_trace(each), each, self._provider)
                    self._parts.provider_block(key, block)
            else:
                if number in rest:
                    self._add(key, rest[number], kind)
                self._empty(key, "refusal" if kind == "refusal" else "output_text")
                refused = kind == "refusal"
                odd = unusual(each, *(("refusal", "refusal") if refused else ("output_text",)))
                self._cite_all(key, piece)
            odds.append(odd)
        begun = self._item(place).begun
        is_late = late([begun["content", number] for number in range(len(pieces))])
        for number, odd in enumerate(odds):
            several = item.id or extra or any(is_late)
            if several or odd or not _text(pieces[number][0]):
                own = {} if number else extra
                text = write_extra(own, odd, number if is_late[number] else None)
                self._sign((place, "content", number), item, extra=text)
        self._sign_empty(place, item, len(pieces))
        if self._item(place).citations:
            self._warn_of_citations("a citation of a text that it did not send: left out")

    def _sign_empty(self, place: int, item: wire.Item, ended: int) -> None:
        """Signs texts that were announced and never came, so that they can go back."""
        for what, number in self._item(place).begun:
            key = (place, what, number)
            if what == "content" and not 0 <= number < ended and not self._parts.text_of(key):
                self._sign(key, item)

    def _reasoning(self, place: int, item: wire.Item, raw: Raw) -> None:
        signed: dict[_Key, tuple[str, Fields, int | None]] = {}
        begun = self._item(place).begun
        last = (place, "summary", 0)
        for what, data, usual, pieces in (
            ("summary", "", "summary_text", item.summary or ()),
            (REASONING_TEXT, REASONING_TEXT, REASONING_TEXT, item.content or ()),
        ):
            texts = [text_of(wire.read_text(each).text) for each in pieces]
            rest = self._rest(place, what, texts)
            for number, each in enumerate(pieces):
                key, odd = (place, what, number), unusual(each, usual)
                if number in rest:
                    self._add(key, rest[number], "reasoning")
                elif odd and self._begin(key):
                    self._parts.start(key, "reasoning")
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
            if self._begin(last):
                self._parts.start(last, "reasoning")
            _, odd, late_number = signed.pop(last, ("", {}, None))
            signed[last] = (item.encrypted_content, odd, late_number)
        for index, (key, (data, odd, late_number)) in enumerate(signed.items()):
            extra = extra_of("reasoning", raw) if index == len(signed) - 1 else {}
            self._sign(key, item, data, write_extra(extra, odd, late_number))

    def _rest(self, place: int, what: str, texts: Sequence[str]) -> dict[int, str]:
        """What the texts of a whole item have beside those that were told."""
        item = self._item(place)
        told = {
            number: self._parts.text_of((place, what, number)) for number in item.told.get(what, ())
        }
        rest, agrees = missing(told, texts)
        self._check(place, what, agrees=agrees or not any(texts), whole=any(texts))
        return rest

    def _check(self, place: int, what: str, *, agrees: bool, whole: bool) -> None:
        """Takes no more pieces of what came whole, and warns where they were others."""
        if whole:
            self._item(place).closed.add(what)
        if not agrees:
            why = f"{self._provider} ended an item with another text than it streamed"
            self._answer.warn("message", f"{why}: the streamed text is kept")

    def _cite_all(self, key: _Key, piece: wire.Text) -> None:
        """Tells the citations of a text that is complete: those that waited, and others."""
        waiting = self._item(key[0]).citations.pop(key[2], [])
        found = list_of(piece.annotations)
        if found is None:
            self._warn_of_citations("citations that cannot be read: left out")
        citations = found if found and len(found) >= len(waiting) else waiting
        if citations:
            length = len(self._parts.text_of(key))
            for citation in citations:
                self._cite(key, citation, length)
        self._parts.keep(-sum(len(bytes(each)) for each in waiting))
        if list_of(piece.logprobs):
            self._parts.keep(len(bytes(piece.logprobs)))
            self.logprobs.append(piece.logprobs.copy())

    def _cite(self, key: _Key, raw: Raw, length: int) -> None:
        try:
            annotation, outside = read_annotation(raw, self._provider, length)
        except (*UNDECODABLE, ValueError):
            self._warn_of_citations("a citation that cannot be read: left out")
            return
        if outside:
            self._warn_of_citations("a citation with a span outside of its text: it has none")
        self._parts.annotation(key, annotation)

    def _warn_of_citations(self, what: str) -> None:
        self._answer.warn("message.parts.annotations", f"{self._provider} sent {what}")

    def _leave(self, place: int, progress: Progress) -> None:
        """Tells what waited for the end of an item that never came whole, and warns of it."""
        for number in list(progress.citations):
            self._empty((place, "content", number), "output_text")
            self._cite_all((place, "content", number), wire.Text())
        self._sign_empty(place, wire.Item(), 0)
        if progress.kind and not progress.whole:
            kind = progress.kind
            why = f"{self._provider} began an item of the type {kind} and did not end it"
            self._answer.warn("message", why)

    def _whole(self, place: int, raw: Raw) -> None:
        """Takes an item that gives one part, which waits for those before it."""
        trace = wire.read_trace(raw)
        self.uses.take(place, trace)
        whole = read_image(trace, raw, self._provider) or make_block(trace, raw, self._provider)
        self._order.hold(place, whole, len(bytes(raw)))
        for each in self._order.give():
            self._tell(*each)

    def _release(self, before: int | None) -> None:
        """Gives what is held at the places before this one, in the order of the output."""
        for each in self._order.give_before(before):
            self._tell(*each)

    def _tell(self, place: int, whole: _Whole) -> None:
        key = (place, "whole", 0)
        self._parts.keep(ENTRY)
        if isinstance(whole, pb.ProviderBlock):
            self._parts.provider_block(key, whole)
        else:
            self._parts.image(key, whole[0])
            self._parts.signature(key, whole[1])

    def _sign(self, key: _Key, item: wire.Item, data: str = "", extra: str = "") -> None:
        signature = pb.Signature(provider=self._provider, data=data, id=item.id or "", extra=extra)
        self._parts.signature(key, signature)


def _text(piece: wire.Text) -> str:
    """The text of a piece of a message; empty where it is none."""
    match _kind(piece):
        case "refusal":
            return text_of(piece.refusal)
        case "text":
            return text_of(piece.text)
        case _:
            return ""


def _kind(piece: wire.Text) -> TextKind | None:
    """What part a piece of a message is; None for a provider block."""
    kind = text_of(piece.type)
    if kind == "refusal" and is_text(piece.refusal):
        return "refusal"
    if is_text(piece.text) or (kind == "output_text" and not is_said(piece.text)):
        return "text"
    return None
