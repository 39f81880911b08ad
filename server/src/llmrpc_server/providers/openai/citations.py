"""Citations of an answer: annotations of its message, and lists of its sources.

An annotation of a message names its type, and has its fields in an object of that name:
OpenAI and OpenRouter `url_citation`, OpenRouter `file` (a document that it parsed), Groq
`document_citation` and `function_citation`. Indices count characters of the whole text.
Perplexity and xAI name the sources of the whole answer instead, and the text refers to
them by their numbers from 1. Sources:
https://developers.openai.com/api/docs/api-reference/chat/object,
https://openrouter.ai/docs/features/multimodal/pdfs,
https://openrouter.ai/docs/features/web-search,
https://console.groq.com/docs/api-reference#chat-create,
https://docs.perplexity.ai/guides/chat-completions-guide
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import msgspec
from msgspec import Raw

from llmrpc import v1 as pb


def read_annotation(raw: Raw, provider: str, length: int) -> pb.Annotation:
    """An annotation of a text of so many code points; a span outside of it is left out.

    Raises one of `UNDECODABLE` for what is no annotation.
    """
    item = msgspec.json.decode(raw, type=dict[str, Any])
    kind = _text(item.get("type"))
    fields = item.get(kind)
    if not isinstance(fields, dict):
        fields = item
    built = pb.Annotation(
        provider=provider,
        type=kind,
        url=_text(fields.get("url")),
        title=_text(fields.get("title") or fields.get("name")),
        file_id=_text(fields.get("file_id") or fields.get("document_id") or fields.get("hash")),
        tool_call_id=_text(fields.get("tool_call_id")),
        quote=_text(fields.get("content")),
        data=bytes(raw).decode(),
    )
    start, end = fields.get("start_index"), fields.get("end_index")
    if type(start) is int and type(end) is int and 0 <= start < end <= length:
        built.start_index, built.end_index = start, end
    return built


def read_sources(citations: Raw, results: Raw, provider: str) -> Iterator[pb.Annotation]:
    """The sources of a whole answer in order, each once.

    The results tell more of a source than its address among the citations, but not of
    every one. A source that the text refers to by several numbers has the first of them.
    Raises one of `UNDECODABLE` for what are no sources.
    """
    told: dict[str, tuple[Raw, dict[str, Any]]] = {}
    for raw in _decode(results, list[Raw]):
        result = msgspec.json.decode(raw, type=dict[str, Any])
        told.setdefault(_text(result.get("url")), (raw, result))
    urls = _decode(citations, list[str]) or list(told)
    labels = {url: f"[{number}]" for number, url in reversed(list(enumerate(urls, 1)))}
    for url in dict.fromkeys([*urls, *told]):
        built = pb.Annotation(
            provider=provider, type="citation", url=url, label=labels.get(url, "")
        )
        if url in told:
            raw, result = told[url]
            built.type = "search_result"
            built.title = _text(result.get("title"))
            built.quote = _text(result.get("snippet"))
            built.data = bytes(raw).decode()
        yield built


def _decode(raw: Raw, type: Any) -> Any:
    return (msgspec.json.decode(raw, type=type | None) if raw else None) or []


def _text(value: Any) -> str:
    return value if isinstance(value, str) else ""
