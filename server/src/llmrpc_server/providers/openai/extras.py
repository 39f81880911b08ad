"""What a message holds beside text, reasoning and calls: traces of tools, pictures, citations.

Groq sends a trace of a tool when the tool starts, and once more, under the same index,
when it has ended; so traces wait until the text begins. Citations wait for the end, since
OpenRouter sends them before the text that they belong to. Sources:
https://console.groq.com/docs/compound/built-in-tools,
https://docs.perplexity.ai/docs/sonar/pro-search/stream-mode,
https://openrouter.ai/docs/features/multimodal/image-generation, and for the order of
chunks tests/models/cassettes of https://github.com/pydantic/pydantic-ai
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping

import msgspec
from msgspec import Raw

from llmrpc import v1 as pb
from llmrpc_server.providers.dialect import Answer
from llmrpc_server.providers.failures import UNDECODABLE
from llmrpc_server.providers.few import few
from llmrpc_server.providers.kept_json import NOTHING, string
from llmrpc_server.providers.media import read_image, split_data_url
from llmrpc_server.providers.openai import wire
from llmrpc_server.providers.openai.citations import Texts, read_annotation, read_sources
from llmrpc_server.providers.openai_family.fields import (
    ENTRY,
    NULL,
    integer_of,
    list_of,
    object_of,
    written,
)

_CONTENT = frozenset(b'"[{')
_EMPTY = (b'""', b"[]", b"{}")


class _Head(msgspec.Struct):
    type: Raw = NOTHING
    index: Raw = NOTHING
    image_url: Raw = NOTHING


_decode_head = msgspec.json.Decoder(_Head).decode


class Extras:
    """The extras of one answer."""

    __slots__ = (
        "_annotations",
        "_answer",
        "_count",
        "_provider",
        "_seen",
        "_traces",
        "_uses",
        "citations",
        "results",
    )

    def __init__(self, answer: Answer, provider: str) -> None:
        self._answer = answer
        self._provider = provider
        self._traces: dict[object, Raw] = {}
        self._annotations: list[Raw] = []
        self.citations = self.results = NOTHING
        self._count = 0
        self._seen: set[bytes] = set()
        self._uses: dict[object, str] = {}

    @property
    def waits(self) -> bool:
        """Whether something has to be told before more text is."""
        return bool(self._traces)

    def take(self, message: wire.Message, *, again: bool = False) -> None:
        """Takes all of a message except its pictures, which follow its text.

        `again`: the message repeats what has come in pieces.
        """
        if not (message.executed_tools or message.reasoning_steps or message.annotations):
            return
        for trace in self._items(message.executed_tools, "executed_tools", again=again):
            head = self._head(trace, "executed_tools")
            if head is not None:
                index = integer_of(head.index)
                self._hold_trace(object() if index is None else index, trace.copy())
        for step in self._items(message.reasoning_steps, "reasoning_steps", again=True):
            self.block(step, "reasoning_steps", "reasoning_step")
        for annotation in self._items(message.annotations, "annotations", again=again):
            self._answer.parts.keep(ENTRY + len(bytes(annotation)))
            self._annotations.append(annotation.copy())

    def take_images(self, message: wire.Message) -> None:
        """Takes the pictures of a message."""
        if not message.images:
            return
        for item in self._items(message.images, "images", again=True):
            head = self._head(item, "images")
            if head is None:
                continue
            held = object_of(head.image_url)
            url = string(held.get("url", NOTHING) if held else head.image_url)
            if url:
                self._answer.parts.image(self._key(), to_image(url))
            else:
                self._warn("images")

    def take_sources(self, said: wire.Completion) -> None:
        """Keeps the sources of the whole answer, which Perplexity repeats in every chunk."""
        if said.citations:
            self.citations = self._kept(self.citations, said.citations)
        if said.search_results:
            self.results = self._kept(self.results, said.search_results)

    def before_text(self) -> None:
        """Tells the traces that have waited, and counts them as uses of their tools."""
        for index, trace in self._traces.items():
            self._answer.parts.keep(-len(bytes(trace)))
            if kind := self.block(trace, "executed_tools", "executed_tool"):
                self._uses[index] = kind
        self._traces.clear()

    def finish(self) -> bool:
        """Tells, once, all that has waited for the end; False if the sources found no place."""
        self.before_text()
        parts = self._answer.parts
        keys = parts.keys("text")
        for raw in self._annotations:
            parts.keep(-len(bytes(raw)))
            if not keys:
                self.block(raw, "annotations", "annotation")
        if not keys:
            return not (self.citations or self.results)
        texts = Texts(parts, keys)
        for raw in self._annotations:
            self._annotate(raw, texts)
        try:
            sources = list(read_sources(self.citations, self.results, self._provider))
        except UNDECODABLE:
            return False
        for source in sources:
            parts.annotation(texts.last, source)
        return True

    def count_uses(self) -> None:
        """Adds the uses of tools that came as traces to the usage that is known by now."""
        if self._answer.usage is not None:
            self._answer.usage.tool_uses.update(Counter(self._uses.values()))

    def name_unknown(self, message: Mapping[str, Raw]) -> None:
        """Warns of each field with content that nothing is known of, once."""
        self._name(message, wire.KNOWN, "")
        content = message.get("content", NULL)
        if bytes(content).startswith(b"["):
            for piece in list_of(content) or ():
                fields = object_of(piece)
                if string(fields.get("type", NOTHING)) in ("text", "thinking"):
                    self._name(fields, wire.KNOWN_OF_PART, "content.")

    def block(self, raw: Raw, name: str, kind: str) -> str:
        """Tells an item as a block of its type, else of this one; empty for what is no item."""
        head = self._head(raw, name)
        if head is None:
            return ""
        kind = string(head.type) or kind
        block = pb.ProviderBlock(provider=self._provider, type=kind, data=written(raw))
        self._answer.parts.keep(ENTRY)
        self._answer.parts.provider_block(self._key(), block)
        return kind

    def _annotate(self, raw: Raw, texts: Texts) -> None:
        try:
            annotation, start, end = read_annotation(raw, self._provider)
        except UNDECODABLE:
            self._warn("annotations")
            return
        key, span, left_out = texts.place(start, end)
        if left_out:
            self._warn("annotations", "have a span that is not in the text; dropped")
        if span is not None:
            annotation.start_index, annotation.end_index = span
        self._answer.parts.annotation(key, annotation)

    def _hold_trace(self, index: object, trace: Raw) -> None:
        before = self._traces.get(index, NOTHING)
        self._answer.parts.keep(len(bytes(trace)) - len(bytes(before)))
        self._traces[index] = trace

    def _kept(self, before: Raw, value: Raw) -> Raw:
        if value == before:
            return before
        self._answer.parts.keep(len(bytes(value)) - len(bytes(before)))
        return value.copy()

    def _items(self, raw: Raw, name: str, *, again: bool) -> list[Raw]:
        """The elements of a list; if they may come again, those that are new."""
        items = list_of(raw)
        if items is None:
            self._warn(name)
            return []
        few(items, name)
        return [item for item in items if self._is_new(item)] if again else items

    def _head(self, raw: Raw, name: str) -> _Head | None:
        """What is read of an item; None, with a warning, for what is no item."""
        try:
            return _decode_head(raw)
        except UNDECODABLE:
            self._warn(name)
            return None

    def _is_new(self, raw: Raw) -> bool:
        """Whether an item has not come before: aggregated messages repeat all of them."""
        data = bytes(raw)
        if data in self._seen:
            return False
        self._seen.add(data)
        self._answer.parts.keep(ENTRY + len(data))
        return True

    def _key(self) -> tuple[str, int]:
        self._count += 1
        return "extra", self._count

    def _name(self, fields: Mapping[str, Raw], known: frozenset[str], path: str) -> None:
        for name, raw in fields.items():
            data = bytes(raw)
            if name not in known and data[0] in _CONTENT and data not in _EMPTY:
                self._warn(f"{path}{name}", "is unknown; dropped")

    def _warn(self, name: str, why: str = "cannot be read; dropped") -> None:
        self._answer.warn(f"message.{name}", f"{name} of {self._provider} {why}")


def to_image(url: str) -> pb.Image:
    """The picture in a `data:` URL, or the address of any other."""
    split = split_data_url(url)
    image = read_image(split[1], split[0]) if split is not None and split[0] else None
    return image or pb.Image(uri=url)
