"""Citations of a text, as annotations.

OpenAI counts the characters of the text, and its ends are exclusive, whatever its
reference says (public recordings show it). A `file_citation` has one index, where its mark
belongs; the index of a `file_path` is none of the text. xAI names the sources of a whole
answer with both ends at 0. Sources: https://developers.openai.com/api/docs/guides/tools-web-search#output-and-citations,
https://developers.openai.com/api/docs/guides/tools-file-search and
https://docs.x.ai/developers/tools/citations
"""

from __future__ import annotations

from msgspec import Raw

from llmrpc import v1 as pb
from llmrpc_server.providers.kept_json import NOTHING, came, read_fields, string
from llmrpc_server.providers.openai_family.fields import integer_of, written
from llmrpc_server.providers.openai_family.spans import read_span

_MARKED = "file_citation"


def read_annotation(raw: Raw, provider: str, length: int) -> tuple[pb.Annotation, bool]:
    """The annotation of a text of so many code points, and whether its span had to be left out.

    Raises one of `UNDECODABLE` for what is no annotation, and `ValueError` for one that is
    of no type.
    """
    fields = read_fields(raw)

    def text(name: str) -> str:
        return string(fields.get(name, NOTHING))

    kind = text("type")
    if not kind:
        raise ValueError("this is of no type")
    annotation = pb.Annotation(
        provider=provider,
        type=kind,
        url=text("url"),
        title=text("title") or text("filename"),
        file_id=text("file_id"),
        data=written(raw),
    )
    start, end = (fields.get(name, NOTHING) for name in ("start_index", "end_index"))
    if kind == _MARKED and not (came(start) or came(end)):
        mark = fields.get("index", NOTHING)
        at = integer_of(mark)
        inside = at is not None and 0 <= at <= length
        if at is not None and inside:
            annotation.start_index = annotation.end_index = at
        return annotation, came(mark) and not inside
    try:
        span = read_span(start, end, length)
    except ValueError:
        return annotation, True
    if span is not None:
        annotation.start_index, annotation.end_index = span
    return annotation, False
