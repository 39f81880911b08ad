"""Content blocks of a request: text, images and documents.

Sources: https://platform.claude.com/docs/en/build-with-claude/vision,
https://platform.claude.com/docs/en/build-with-claude/pdf-support,
https://platform.claude.com/docs/en/build-with-claude/files
"""

from __future__ import annotations

import base64
import binascii
from typing import Any

from llmrpc import v1 as pb
from llmrpc_server.providers.anthropic.cache import Breakpoints
from llmrpc_server.providers.anthropic.quirks import AnthropicTarget
from llmrpc_server.providers.media import split_data_url, to_base64

_IMAGES = frozenset({"image/jpeg", "image/png", "image/gif", "image/webp"})
_PDF = "application/pdf"


def build_part(part: pb.Part, place: str, target: AnthropicTarget) -> dict[str, Any] | None:
    """The block of a part; None where there is none, or where it is a violation."""
    kind = part.WhichOneof("kind")
    if kind == "text":
        return {"type": "text", "text": part.text} if part.text else None
    if kind == "image" and not target.lacks("messages.parts.image"):
        return _image(part.image, f"{place}.image", target)
    if kind == "document" and not target.lacks("messages.parts.document"):
        return _document(part.document, f"{place}.document", target)
    target.findings.unsupported(f"{place}.{kind}")
    return None


def add_block(
    built: list[dict[str, Any]],
    block: dict[str, Any] | None,
    part: pb.Part,
    place: str,
    breakpoints: Breakpoints,
) -> None:
    """Adds the block of a part where there is one, with its breakpoint."""
    if block is None:
        breakpoints.refuse(part, place, "a cache breakpoint on nothing")
    else:
        breakpoints.mark(block, part, place)
        built.append(block)


def _image(image: pb.Image, place: str, target: AnthropicTarget) -> dict[str, Any] | None:
    if image.detail not in pb.ImageDetail.values():
        target.findings.invalid(f"{place}.detail", f"{image.detail} is no value of it")
    elif image.detail not in (pb.IMAGE_DETAIL_UNSPECIFIED, pb.IMAGE_DETAIL_AUTO):
        target.findings.unsupported(f"{place}.detail")
    match image.WhichOneof("source"):
        case "data":
            source = _image_data(to_base64(image.data), image.media_type, place, target)
        case "uri":
            inline = split_data_url(image.uri, image.media_type)
            if inline is not None:
                source = _image_data(inline[1], inline[0], place, target)
            else:
                source = {"type": "url", "url": image.uri}
        case "file_id":
            source = {"type": "file", "file_id": image.file_id}
        case _:
            return None
    return {"type": "image", "source": source} if source else None


def _image_data(
    data: str, media_type: str, place: str, target: AnthropicTarget
) -> dict[str, str] | None:
    media_type = _essence(media_type)
    if media_type not in _IMAGES:
        known = ", ".join(sorted(_IMAGES))
        target.findings.unsupported(f"{place}.media_type", f"{target.row.name} takes {known}")
        return None
    return {"type": "base64", "media_type": media_type, "data": data}


def _document(document: pb.Document, place: str, target: AnthropicTarget) -> dict[str, Any] | None:
    match document.WhichOneof("source"):
        case "data":
            source = _document_data(
                document.data, document.media_type, place, f"{place}.data", target
            )
        case "uri":
            source = _document_uri(document, place, target)
        case "file_id":
            source = {"type": "file", "file_id": document.file_id}
        case _:
            return None
    if source is None:
        return None
    built: dict[str, Any] = {"type": "document", "source": source}
    if document.filename:
        built["title"] = document.filename
    return built


def _document_uri(
    document: pb.Document, place: str, target: AnthropicTarget
) -> dict[str, str] | None:
    inline = split_data_url(document.uri, document.media_type)
    if inline is None:
        return {"type": "url", "url": document.uri}
    media_type, data = inline
    try:
        read = base64.b64decode(data, validate=True)
    except binascii.Error:
        target.findings.invalid(f"{place}.uri", "its data is no base64")
        return None
    return _document_data(read, media_type, place, f"{place}.uri", target)


def _document_data(
    data: bytes, media_type: str, place: str, field: str, target: AnthropicTarget
) -> dict[str, str] | None:
    """A PDF, or a text of any kind, which is plain text to the provider."""
    media_type = _essence(media_type)
    if media_type == _PDF:
        return {"type": "base64", "media_type": _PDF, "data": to_base64(data)}
    if not media_type.startswith("text/"):
        target.findings.unsupported(
            f"{place}.media_type", f"{target.row.name} takes {_PDF} and texts"
        )
        return None
    try:
        text = data.decode()
    except UnicodeDecodeError:
        target.findings.invalid(field, "this is no text in UTF-8")
        return None
    return {"type": "text", "media_type": "text/plain", "data": text}


def _essence(media_type: str) -> str:
    return media_type.partition(";")[0].strip().lower()
