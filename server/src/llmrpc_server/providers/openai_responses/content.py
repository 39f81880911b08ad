"""Content of messages and of tools' results: texts, images and files.

Sources: https://developers.openai.com/api/docs/guides/images-vision,
https://developers.openai.com/api/docs/guides/file-inputs and
https://developers.openai.com/api/docs/guides/prompt-caching
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec
from msgspec import Raw

from llmrpc import v1 as pb
from llmrpc_server.providers.kept_json import NOTHING
from llmrpc_server.providers.media import data_url
from llmrpc_server.providers.openai_family.fields import list_of, object_of
from llmrpc_server.providers.openai_family.request import cache_ttl, filename
from llmrpc_server.providers.openai_responses.quirks import ResponsesTarget, lacking

_Piece = dict[str, Any]
_ANSWER_ALONE = "created_by"
"""A field of items, and of a shell's outputs, that requests may not have. Source: the types
`ResponseOutputItem` and `ResponseInputItemParam` of the `openai` package 3.57.0."""

_DETAIL = {
    pb.IMAGE_DETAIL_UNSPECIFIED: "auto",
    pb.IMAGE_DETAIL_AUTO: "auto",
    pb.IMAGE_DETAIL_LOW: "low",
    pb.IMAGE_DETAIL_HIGH: "high",
}


def build_content(
    parts: Sequence[pb.Part], field: str, target: ResponsesTarget
) -> str | list[_Piece]:
    """The content; plain text where it is nothing else."""
    pieces = [
        piece
        for index, part in enumerate(parts)
        if (piece := _piece(part, f"{field}.parts[{index}]", target))
    ]
    if all(piece.keys() == {"type", "text"} for piece in pieces):
        return "".join(piece["text"] for piece in pieces)
    return pieces


def mark_breakpoint(piece: _Piece, part: pb.Part, place: str, target: ResponsesTarget) -> None:
    """Marks the end of a cached prefix, or warns where none can be."""
    field = f"{place}.cache_breakpoint"
    if target.lacks("messages.parts.cache_breakpoint"):
        target.findings.drop(field, "cache breakpoints", by=target.name)
    else:
        piece["prompt_cache_breakpoint"] = {"mode": "explicit", **cache_ttl(part, field, target)}


def write_block(part: pb.Part, place: str, target: ResponsesTarget) -> Raw | None:
    """A provider's block as it came, less what only answers may have; None for another's."""
    block = target.own_block(part, place)
    if block is None:
        return None
    data = block.data
    fields = object_of(data) if _ANSWER_ALONE in data else {}
    if not fields:
        return Raw(data.encode())
    fields.pop(_ANSWER_ALONE, None)
    if outputs := list_of(fields.get("output", NOTHING)):
        fields["output"] = Raw(msgspec.json.encode([_sendable(each) for each in outputs]))
    return Raw(msgspec.json.encode(fields))


def _sendable(raw: Raw) -> Raw:
    """An output without what only answers may have."""
    fields = object_of(raw)
    if _ANSWER_ALONE not in fields:
        return raw
    del fields[_ANSWER_ALONE]
    return Raw(msgspec.json.encode(fields))


def _piece(part: pb.Part, place: str, target: ResponsesTarget) -> _Piece | None:
    kind = part.WhichOneof("kind")
    piece: _Piece | None = None
    match kind:
        case "text":
            piece = {"type": "input_text", "text": part.text}
        case "image" if not target.refuses("messages.parts.image", f"{place}.image"):
            piece = _image(part.image, f"{place}.image", target)
        case "document" if not target.refuses("messages.parts.document", f"{place}.document"):
            piece = _file(part.document, f"{place}.document", target)
        case "audio":
            target.findings.unsupported(f"{place}.audio", lacking(target, "audio"))
        case _:
            pass
    target.leave_out(part, place, "signature")
    target.leave_out_annotations(part, place, "annotations except on what the model wrote")
    if part.HasField("cache_breakpoint") and piece is not None:
        mark_breakpoint(piece, part, place, target)
    return piece


def _image(image: pb.Image, place: str, target: ResponsesTarget) -> _Piece | None:
    if image.detail not in _DETAIL:
        target.findings.invalid(f"{place}.detail", f"{image.detail} is no value of it")
        return None
    piece = {"type": "input_image", "detail": _DETAIL[image.detail]}
    match image.WhichOneof("source"):
        case "data":
            piece["image_url"] = data_url(image.data, image.media_type)
        case "uri":
            piece["image_url"] = image.uri
        case _:
            piece["file_id"] = image.file_id
    return piece


def _file(document: pb.Document, place: str, target: ResponsesTarget) -> _Piece | None:
    piece = {"type": "input_file"}
    match document.WhichOneof("source"):
        case "data" if target.refuses("messages.parts.document.data", f"{place}.data"):
            return None
        case "data":
            piece["filename"] = filename(document)
            piece["file_data"] = data_url(document.data, document.media_type)
        case "uri" if document.uri.startswith("data:"):
            piece["filename"] = filename(document)
            piece["file_data"] = document.uri
        case "uri":
            piece["file_url"] = document.uri
        case _:
            piece["file_id"] = document.file_id
    return piece
