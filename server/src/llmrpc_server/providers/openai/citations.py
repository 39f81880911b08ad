"""Citations of an answer: annotations of its message, and lists of its sources.

An annotation of a message names its type, and has its fields in an object of that name:
OpenAI and OpenRouter `url_citation`, OpenRouter `file` (a document that it parsed), Groq
`document_citation` and `function_citation`. Indices count characters of the whole text,
and become those of the part that they are in.
Perplexity and xAI name the sources of the whole answer instead, and the text refers to
them by their numbers from 1. Sources:
https://developers.openai.com/api/docs/api-reference/chat/object,
https://openrouter.ai/docs/features/multimodal/pdfs,
https://openrouter.ai/docs/features/web-search,
https://console.groq.com/docs/api-reference#chat-create,
https://docs.perplexity.ai/guides/chat-completions-guide
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Hashable, Iterator, Sequence
from typing import Any

import msgspec
from msgspec import Raw

from llmrpc import v1 as pb
from llmrpc.answer import AnswerBuilder
from llmrpc_server.providers.kept_json import NOTHING, Fields, read_fields, string
from llmrpc_server.providers.openai_family.fields import object_of, written
from llmrpc_server.providers.openai_family.spans import Span, read_span


class Texts:
    """The text parts of an answer; there is at least one."""

    def __init__(self, parts: AnswerBuilder, keys: Sequence[Hashable]) -> None:
        self._keys = keys
        self._ends: list[int] = []
        length = 0
        for key in keys:
            length += len(parts.text_of(key))
            self._ends.append(length)

    def place(self, start: Raw, end: Raw) -> tuple[Hashable, Span | None, bool]:
        """The part that a span of the whole text is in, and the span in that part's text.

        Without a span it is the last part. At last, whether a span had to be left out, since
        it is outside of the text, or goes on into another part.
        """
        try:
            span = read_span(start, end, self._ends[-1])
        except ValueError:
            return self.last, None, True
        if span is None:
            return self.last, None, False
        at = bisect_right(self._ends, span[0])
        before = self._ends[at - 1] if at else 0
        if span[1] > self._ends[at]:
            return self._keys[at], None, True
        return self._keys[at], (span[0] - before, span[1] - before), False

    @property
    def last(self) -> Hashable:
        """The last part."""
        return self._keys[-1]


def read_annotation(raw: Raw, provider: str) -> tuple[pb.Annotation, Raw, Raw]:
    """An annotation without its span, and where that starts and ends.

    Raises one of `UNDECODABLE` for what is no annotation.
    """
    item = read_fields(raw)
    kind = string(item.get("type", NOTHING))
    fields = object_of(item.get(kind, NOTHING)) or item
    built = pb.Annotation(
        provider=provider,
        type=kind,
        url=_text(fields, "url"),
        title=_text(fields, "title", "name"),
        file_id=_text(fields, "file_id", "document_id", "hash"),
        tool_call_id=_text(fields, "tool_call_id"),
        quote=_text(fields, "content"),
        data=written(raw),
    )
    return built, fields.get("start_index", NOTHING), fields.get("end_index", NOTHING)


def read_sources(citations: Raw, results: Raw, provider: str) -> Iterator[pb.Annotation]:
    """The sources of a whole answer in order, each once.

    The results tell more of a source than its address among the citations, but not of
    every one. A source that the text refers to by several numbers has the first of them.
    Raises one of `UNDECODABLE` for what are no sources.
    """
    told: dict[str, tuple[Raw, Fields]] = {}
    for raw in _decode(results, list[Raw]):
        result = read_fields(raw)
        told.setdefault(_text(result, "url"), (raw, result))
    urls = _decode(citations, list[str]) or list(told)
    labels = {url: f"[{number}]" for number, url in reversed(list(enumerate(urls, 1)))}
    for url in dict.fromkeys([*urls, *told]):
        built = pb.Annotation(
            provider=provider, type="citation", url=url, label=labels.get(url, "")
        )
        if url in told:
            raw, result = told[url]
            built.type = "search_result"
            built.title = _text(result, "title")
            built.quote = _text(result, "snippet")
            built.data = written(raw)
        yield built


def _decode(raw: Raw, type: Any) -> Any:
    return (msgspec.json.decode(raw, type=type | None) if raw else None) or []


def _text(fields: Fields, *names: str) -> str:
    """The first of the named fields that is a text with content."""
    return next((text for name in names if (text := string(fields.get(name, NOTHING)))), "")
