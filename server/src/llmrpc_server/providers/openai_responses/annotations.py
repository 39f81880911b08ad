"""Citations of a text, as annotations.

OpenAI counts the characters of the text, and its ends are exclusive, whatever its
reference says (public recordings show it). A `file_citation` has one index, where its mark
belongs; the index of a `file_path` is none of the text. xAI names the sources of a whole
answer with both ends at 0. Sources: https://developers.openai.com/api/docs/guides/tools-web-search#output-and-citations,
https://developers.openai.com/api/docs/guides/tools-file-search and
https://docs.x.ai/developers/tools/citations
"""

from __future__ import annotations

from typing import Any

import msgspec

from llmrpc import v1 as pb
from llmrpc_server.providers.failures import UNDECODABLE

_MOST = 2**31 - 1


class _Citation(msgspec.Struct):
    type: str
    url: Any = None
    title: Any = None
    filename: Any = None
    file_id: Any = None
    index: Any = None
    start_index: Any = None
    end_index: Any = None


_decode = msgspec.json.Decoder(_Citation).decode


def read_annotation(raw: msgspec.Raw, provider: str) -> pb.Annotation | None:
    """The annotation; None for what is none."""
    try:
        said = _decode(raw)
    except UNDECODABLE:
        return None
    annotation = pb.Annotation(
        provider=provider,
        type=said.type,
        url=_text(said.url),
        title=_text(said.title) or _text(said.filename),
        file_id=_text(said.file_id),
        data=bytes(raw).decode(errors="replace"),
    )
    start, end = said.start_index, said.end_index
    if said.type == "file_citation" and start is None and end is None:
        start = end = said.index
    if _is_span(start, end) and (end or said.type == "file_citation"):
        annotation.start_index, annotation.end_index = start, end
    return annotation


def _text(value: Any) -> str:
    return value if isinstance(value, str) else ""


def _is_span(start: Any, end: Any) -> bool:
    return type(start) is type(end) is int and 0 <= start <= end <= _MOST
