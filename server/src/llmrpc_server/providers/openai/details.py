"""OpenRouter's `reasoning_details`: reasoning that goes back as it came.

An item is a text, a summary or an encrypted blob, with a format, an index and
perhaps an id and a signature. It becomes a reasoning part, or a redacted one
where there is nothing to read, whose signature holds all of the item but its
text. In a stream the pieces of an item share its type and index. Source:
https://openrouter.ai/docs/use-cases/reasoning-tokens#preserving-reasoning-blocks
"""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from typing import Any

import msgspec
from msgspec import Raw

from llmrpc import v1 as pb
from llmrpc.answer import AnswerBuilder
from llmrpc_server.providers.kept_json import NOTHING, Fields, string
from llmrpc_server.providers.openai_family.fields import ENTRY, integer_of, object_of
from llmrpc_server.providers.speech import Speech

_TEXT_FIELDS = {
    "reasoning.text": "text",
    "reasoning.summary": "summary",
    "reasoning.encrypted": "data",
}
"""Where each type of item has its text. Other types are none of the model's."""
_UNSAID = (Raw(b"null"), Raw(b'""'))

_Key = tuple[str, str, int]


class Details:
    """The items of one answer."""

    __slots__ = (
        "_data", "_items", "_key", "_parts", "_provider", "_silent", "_speech", "_started",
        "_unsigned",
    )  # fmt: skip

    def __init__(self, parts: AnswerBuilder, speech: Speech, provider: str) -> None:
        self._parts = parts
        self._speech = speech
        self._provider = provider
        self._items: dict[_Key, Fields] = {}
        self._data: dict[_Key, list[str]] = {}
        """What is encrypted comes in pieces too, and is one part once it is complete."""
        self._started: set[_Key] = set()
        self._silent: set[_Key] = set()
        """Items of text that were signed before they had any."""
        self._key: dict[_Key, Hashable] = {}
        """The part of an item, where another one was signed without its text."""
        self._unsigned: dict[_Key, None] = {}

    @property
    def waits(self) -> bool:
        """Whether an item has to be signed before text follows."""
        return bool(self._unsigned)

    def take(self, items: Sequence[Raw], *, whole: bool) -> list[str]:
        """Takes whole items, or pieces of them; gives the types of those that are unknown."""
        unknown = []
        for place, raw in enumerate(items):
            item = object_of(raw)
            kind = string(item.get("type", NOTHING))
            if kind in _TEXT_FIELDS:
                index = integer_of(item.get("index", NOTHING))
                number = place if whole or index is None else index
                self._add(("details", kind, number), item, _TEXT_FIELDS[kind])
            else:
                unknown.append(kind)
        return unknown

    def sign(self) -> None:
        """Signs what came since the last time; an item is known at its end only."""
        for key in self._unsigned:
            item = self._items[key]
            encrypted = "".join(self._data.pop(key, ()))
            self._parts.keep(-len(encrypted))
            part = self._key.get(key, key)
            if key not in self._started:
                if not encrypted and "signature" not in item:
                    continue
                self._started.add(key)
                if not encrypted:
                    self._silent.add(key)
                self._parts.redacted_reasoning(key, encrypted)
            elif encrypted:  # the item went on after it was signed
                part = object()
                self._parts.redacted_reasoning(part, encrypted)
            data = msgspec.json.encode(item).decode(errors="replace")
            self._parts.signature(part, pb.Signature(provider=self._provider, data=data))
        self._unsigned.clear()

    def _add(self, key: _Key, item: Fields, text_field: str) -> None:
        if key not in self._items:
            self._items[key] = {}
            self._parts.keep(ENTRY)
        known = self._items[key]
        self._unsigned[key] = None
        for name, value in item.items():
            before = known.get(name, NOTHING)
            if name != text_field and value not in _UNSAID and value != before:
                self._parts.keep(len(name) + len(bytes(value)) - len(bytes(before)))
                known[name] = value.copy()
        text = string(item.get(text_field, NOTHING))
        if not text:
            return
        if text_field == "data":
            self._data.setdefault(key, []).append(text)
            self._parts.keep(len(text))
        else:
            self._started.add(key)
            if key in self._silent:
                self._silent.discard(key)
                self._key[key] = object()
            self._speech.text(self._key.get(key, key), text, "reasoning")


def to_item(part: pb.Part) -> dict[str, Any] | None:
    """The item that a part came from; None for a part that came from none.

    Raises `ValueError` for a signature that never was an item's.
    """
    data = part.signature.data
    if not data:
        return None
    try:
        item: dict[str, Any] = msgspec.json.decode(data, type=dict[str, msgspec.Raw])
        kind = msgspec.json.decode(item.get("type", b'""'), type=str)
    except (msgspec.DecodeError, RecursionError) as error:
        raise ValueError(f"this is no JSON object with a type: {error}") from error
    text_field = _TEXT_FIELDS.get(kind)
    if text_field is None:
        return None
    item[text_field] = part.redacted_reasoning if text_field == "data" else part.reasoning
    return item
