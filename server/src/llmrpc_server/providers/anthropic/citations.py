"""Citations: from the provider's to annotations, and back.

A citation belongs to a whole text block, so an annotation has no span; it keeps the
provider's JSON, with which it goes back. Source:
https://platform.claude.com/docs/en/build-with-claude/citations
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec

from llmrpc import v1 as pb
from llmrpc_server.providers.anthropic.objects import read_object
from llmrpc_server.providers.anthropic.quirks import AnthropicTarget

_ONLY_IN_ANSWERS = "file_id"
"""A field of a citation that requests do not have."""

_MOST_INDEX = 2**31 - 1


class _Citation(msgspec.Struct):
    """A citation of any of the five types."""

    type: str = ""
    url: str | None = None
    source: str | None = None
    """The address or the name of a search result of the caller's."""
    title: str | None = None
    document_title: str | None = None
    document_index: int | None = None
    file_id: str | None = None
    cited_text: str | None = None


_decode = msgspec.json.Decoder(_Citation).decode


def read_citation(raw: msgspec.Raw, provider: str) -> pb.Annotation:
    """The annotation for a citation. Raises what `UNDECODABLE` names."""
    read = _decode(raw)
    index = read.document_index
    return pb.Annotation(
        provider=provider,
        type=read.type,
        url=read.url or read.source or "",
        title=read.title or read.document_title or "",
        file_id=read.file_id or "",
        document_index=index if index is not None and 0 <= index <= _MOST_INDEX else None,
        quote=read.cited_text or "",
        data=bytes(raw).decode(),
    )


def write_citations(part: pb.Part, place: str, target: AnthropicTarget) -> list[Any]:
    """The citations of a text of the assistant, as the provider wrote them."""
    built: list[Any] = []
    for index, annotation in target.own_annotations(part, place):
        fields = read_object(annotation.data, f"{place}.annotations[{index}].data", target)
        fields.pop(_ONLY_IN_ANSWERS, None)
        built.append(fields)
    return built


def leave_out_annotations(part: pb.Part, place: str, target: AnthropicTarget) -> None:
    """Warns of the annotations of a text that is not the assistant's."""
    target.leave_out_annotations(part, place, "annotations except in messages of the model")


def enable_citations(messages: Sequence[dict[str, Any]], enabled: Any) -> None:
    """Sets `citations` on every document of a request: the API wants all or none."""
    for message in messages:
        _enable(message["content"], enabled)


def _enable(content: Any, enabled: Any) -> None:
    for block in content if isinstance(content, list) else ():
        if block["type"] == "document":
            block["citations"] = enabled
        elif block["type"] == "tool_result":
            _enable(block.get("content"), enabled)
