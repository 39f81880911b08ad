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

import base64
from collections import Counter
from collections.abc import Mapping
from typing import Any

import msgspec
from msgspec import Raw

from llmrpc import v1 as pb
from llmrpc_server.providers.dialect import Answer
from llmrpc_server.providers.failures import UNDECODABLE
from llmrpc_server.providers.media import split_data_url
from llmrpc_server.providers.openai import wire
from llmrpc_server.providers.openai.citations import read_annotation, read_sources

_CONTENT = frozenset(b'"[{')
_EMPTY = (b'""', b"[]", b"{}")
_HEAD = msgspec.json.Decoder(dict[str, Any]).decode


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
        self.citations = self.results = wire.NOTHING
        self._count = 0
        self._seen: set[bytes] = set()
        self._uses: dict[object, str] = {}

    @property
    def waits(self) -> bool:
        """Whether something has to be told before more text is."""
        return bool(self._traces)

    def take(self, message: Mapping[str, Raw]) -> None:
        """Takes all of a message except its pictures, which follow its text."""
        for trace in self._items(message, "executed_tools"):
            self._answer.parts.keep(len(bytes(trace)))
            index = self._head(trace, "executed_tools").get("index")
            self._traces[index if isinstance(index, int) else object()] = trace
        for step in self._items(message, "reasoning_steps"):
            if self._is_new(step):
                self.block(step, "reasoning_steps", "reasoning_step")
        for annotation in self._items(message, "annotations"):
            self._answer.parts.keep(len(bytes(annotation)))
            self._annotations.append(annotation)

    def take_images(self, message: Mapping[str, Raw]) -> None:
        """Takes the pictures of a message."""
        for item in self._items(message, "images"):
            if not self._is_new(item):
                continue
            held = self._head(item, "images").get("image_url")
            url = held.get("url") if isinstance(held, dict) else held
            if isinstance(url, str) and url:
                self._answer.parts.image(self._key(), to_image(url))
            else:
                self._warn("images")

    def take_sources(self, said: wire.Completion[Any]) -> None:
        """Keeps the sources of the whole answer, which Perplexity repeats in every chunk."""
        if said.citations:
            self.citations = said.citations
        if said.search_results:
            self.results = said.search_results

    def before_text(self) -> None:
        """Tells the traces that have waited, and counts them as uses of their tools."""
        for index, trace in self._traces.items():
            if kind := self.block(trace, "executed_tools", "executed_tool"):
                self._uses[index] = kind
        self._traces.clear()

    def finish(self) -> bool:
        """Tells all that has waited for the end; False if the sources found no place."""
        self.before_text()
        parts = self._answer.parts
        text = parts.last("text")
        for raw in self._annotations:
            try:
                length = len(parts.text_of(text)) if text is not None else 0
                annotation = read_annotation(raw, self._provider, length)
            except UNDECODABLE:
                self._warn("annotations")
                continue
            if text is not None:
                parts.annotation(text, annotation)
            else:
                self.block(raw, "annotations", "annotation")
        self._annotations.clear()
        if text is None:
            return not (self.citations or self.results)
        try:
            for source in read_sources(self.citations, self.results, self._provider):
                parts.annotation(text, source)
        except UNDECODABLE:
            return False
        self.citations = self.results = wire.NOTHING
        return True

    def count_uses(self) -> None:
        """Adds the uses of tools that came as traces to the usage that is known by now."""
        if self._answer.usage is not None:
            self._answer.usage.tool_uses.update(Counter(self._uses.values()))

    def name_unknown(self, message: Mapping[str, Raw]) -> None:
        """Warns of each field with content that nothing is known of, once."""
        for name, raw in message.items():
            data = bytes(raw)
            if name not in wire.KNOWN and data[0] in _CONTENT and data not in _EMPTY:
                self._warn(name, "is unknown: left out")

    def _items(self, message: Mapping[str, Raw], name: str) -> list[Raw]:
        raw = message.get(name, wire.NULL)
        try:
            return msgspec.json.decode(raw, type=list[Raw] | None) or []
        except UNDECODABLE:
            self._warn(name)
            return []

    def _head(self, raw: Raw, name: str) -> dict[str, Any]:
        try:
            return _HEAD(raw)
        except UNDECODABLE:
            self._warn(name)
            return {}

    def block(self, raw: Raw, name: str, kind: str) -> str:
        """Tells an item as a block of its type, else of this one; empty for what is no item."""
        item = self._head(raw, name)
        if not item:
            return ""
        if isinstance(item.get("type"), str) and item["type"]:
            kind = item["type"]
        block = pb.ProviderBlock(provider=self._provider, type=kind, data=bytes(raw).decode())
        self._answer.parts.provider_block(self._key(), block)
        return kind

    def _is_new(self, raw: Raw) -> bool:
        """Whether an item has not come before: aggregated messages repeat all of them."""
        data = bytes(raw)
        new = data not in self._seen
        self._seen.add(data)
        return new

    def _key(self) -> tuple[str, int]:
        self._count += 1
        return "extra", self._count

    def _warn(self, name: str, why: str = "cannot be read: left out") -> None:
        self._answer.warn(f"message.{name}", f"{name} of {self._provider} {why}")


def to_image(url: str) -> pb.Image:
    """The picture in a `data:` URL, or the address of any other."""
    split = split_data_url(url)
    if split is not None and split[0] and split[1]:
        try:
            data = base64.b64decode(split[1], validate=True)
            return pb.Image(data=data, media_type=split[0])
        except ValueError:
            return pb.Image(uri=url)
    return pb.Image(uri=url)
