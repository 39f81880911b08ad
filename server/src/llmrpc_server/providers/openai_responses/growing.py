"""Parts of an answer that grow from items: each piece once, in the order of the output."""

from __future__ import annotations

from collections.abc import Sequence

from msgspec import Raw

from llmrpc import v1 as pb
from llmrpc.answer import TextKind
from llmrpc_server.providers.call_ids import CallIds
from llmrpc_server.providers.dialect import Answer
from llmrpc_server.providers.failures import UNDECODABLE
from llmrpc_server.providers.openai_family.fields import ENTRY, list_of
from llmrpc_server.providers.openai_responses import wire
from llmrpc_server.providers.openai_responses.annotations import read_annotation
from llmrpc_server.providers.openai_responses.blocks import make_block, read_image
from llmrpc_server.providers.openai_responses.order import Order
from llmrpc_server.providers.openai_responses.places import Places
from llmrpc_server.providers.openai_responses.progress import Progress, missing
from llmrpc_server.providers.openai_responses.tool_uses import ToolUses
from llmrpc_server.providers.speech import Speech

Key = tuple[int, str, int]
"""An item's place in the output, what of it, and the number of that."""
_Whole = pb.ProviderBlock | tuple[pb.Image, pb.Signature]


class Growing:
    """The parts of one answer, and how far each of its items has come."""

    __slots__ = (
        "answer",
        "ids",
        "items",
        "logprobs",
        "order",
        "parts",
        "places",
        "provider",
        "speech",
        "uses",
    )

    def __init__(self, answer: Answer, provider: str) -> None:
        self.uses = ToolUses()
        self.logprobs: list[Raw] = []
        """Log probabilities of texts, which come only when they were asked for."""
        self.answer = answer
        self.parts = answer.parts
        self.provider = provider
        self.speech = Speech(answer, provider)
        self.ids = CallIds()
        self.places = Places(answer.parts)
        self.items = self.places.items
        self.order: Order[_Whole] = Order(answer.parts)

    def number(self, place: int, number: int) -> int:
        """The number of a piece of content; 0 for one that was not announced."""
        return number if number and number in self.items[place].announced else 0

    def add(self, key: Key, text: str, kind: TextKind) -> None:
        """Adds to a text, of an item that is known."""
        place, what, number = key
        told = self.items[place].told.setdefault(what, {})
        if number not in told:
            if what == "content":
                self._start_before(place, number)
            self.open(key)
            told[number] = None
        if self.speech.odd:
            self.speech.text(key, text, kind)
        else:
            self.parts.text(key, text, kind)

    def _start_before(self, place: int, number: int) -> None:
        """Starts the pieces of a message before this one, which may have stayed empty."""
        for before, kind in self.items[place].before(number):
            self.empty((place, "content", before), kind)

    def open(self, key: Key) -> bool:
        """Whether a part is new; what was held and comes before it comes now."""
        begun = self.items[key[0]].begun
        if key[1:] in begun:
            return False
        begun[key[1:]] = len(begun)
        self.parts.keep(ENTRY)
        self.release(key[0])
        return True

    def empty(self, key: Key, kind: str) -> None:
        """Starts a text that may stay empty."""
        if kind in ("output_text", "refusal") and self.open(key):
            self.parts.start(key, "refusal" if kind == "refusal" else "text")

    def rest(self, place: int, what: str, texts: Sequence[str]) -> dict[int, str]:
        """What the texts of a whole item have beside those that were told."""
        item = self.items[place]
        for number in item.told.get(what, ()):
            self.speech.end((place, what, number))
        told = {
            number: self.parts.text_of((place, what, number)) for number in item.told.get(what, ())
        }
        rest, agrees = missing(told, texts)
        self.check(place, what, agrees=agrees or not any(texts), whole=any(texts))
        return rest

    def check(self, place: int, what: str, *, agrees: bool, whole: bool) -> None:
        """Takes no more pieces of what came whole, and warns where they were others."""
        if whole:
            self.items[place].closed.add(what)
        if not agrees:
            why = f"{self.provider} ended an item with another text than it streamed"
            self.answer.warn("message", f"{why}: the streamed text is kept")

    def cite_all(self, key: Key, piece: wire.Text) -> None:
        """Tells the citations of a text that is complete: those that waited, and others."""
        waiting = self.items[key[0]].citations.pop(key[2], [])
        found = list_of(piece.annotations)
        if found is None:
            self.warn_of_citations("citations that cannot be read; dropped")
        citations = found if found and len(found) >= len(waiting) else waiting
        if citations:
            length = len(self.parts.text_of(key))
            for citation in citations:
                self._cite(key, citation, length)
        self.parts.keep(-sum(len(bytes(each)) for each in waiting))
        if list_of(piece.logprobs):
            self.parts.keep(len(bytes(piece.logprobs)))
            self.logprobs.append(piece.logprobs.copy())

    def _cite(self, key: Key, raw: Raw, length: int) -> None:
        try:
            annotation, outside = read_annotation(raw, self.provider, length)
        except (*UNDECODABLE, ValueError):
            self.warn_of_citations("a citation that cannot be read; dropped")
            return
        if outside:
            self.warn_of_citations("a citation with a span outside of its text: it has none")
        self.parts.annotation(key, annotation)

    def warn_of_citations(self, what: str) -> None:
        """Warns of citations that have no place as they came."""
        self.answer.warn("message.parts.annotations", f"{self.provider} sent {what}")

    def sign_empty(self, place: int, item: wire.Item, ended: int) -> None:
        """Signs texts that were announced and never came, so that they can go back."""
        for what, number in self.items[place].begun:
            key = (place, what, number)
            if what == "content" and not 0 <= number < ended and not self.parts.text_of(key):
                self.sign(key, item)

    def leave(self, place: int, progress: Progress) -> None:
        """Tells what waited for the end of an item that never came whole, and warns of it."""
        for number in list(progress.citations):
            self.empty((place, "content", number), "output_text")
            self.cite_all((place, "content", number), wire.Text())
        self.sign_empty(place, wire.Item(), 0)
        if ("call", 0) in progress.begun:
            self.speech.settle((place, "call", 0))
        if progress.opened and not (progress.whole or progress.spoke):
            kind = progress.kind
            why = f"{self.provider} began an item of the type {kind} and did not end it"
            self.answer.warn("message", why)

    def whole(self, place: int, raw: Raw) -> None:
        """Takes an item that gives one part, which waits for those before it."""
        trace = wire.read_trace(raw)
        self.uses.take(place, trace)
        whole = read_image(trace, raw, self.provider) or make_block(trace, raw, self.provider)
        self.order.hold(place, whole, len(bytes(raw)))
        for each in self.order.give():
            self._tell(*each)

    def release(self, before: int | None) -> None:
        """Gives what is held at the places before this one, in the order of the output."""
        for each in self.order.give_before(before):
            self._tell(*each)

    def _tell(self, place: int, whole: _Whole) -> None:
        key = (place, "whole", 0)
        self.parts.keep(ENTRY)
        if isinstance(whole, pb.ProviderBlock):
            self.parts.provider_block(key, whole)
        else:
            self.parts.image(key, whole[0])
            self.parts.signature(key, whole[1])

    def sign(self, key: Key, item: wire.Item, data: str = "", extra: str = "") -> None:
        """Signs a part with the id of its item and what else goes back with it."""
        signature = pb.Signature(provider=self.provider, data=data, id=item.id or "", extra=extra)
        self.parts.signature(key, signature)
