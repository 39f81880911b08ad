"""Parts with media: inline where the request has the bytes, else by their address.

Sources: https://ai.google.dev/api/caching#Part and
https://ai.google.dev/gemini-api/docs/generate-content/media-resolution
"""

from __future__ import annotations

from typing import Any

from llmrpc import v1 as pb
from llmrpc_server.providers.google.quirks import GoogleTarget
from llmrpc_server.providers.media import split_data_url, to_base64

_DETAIL = {
    pb.IMAGE_DETAIL_LOW: "MEDIA_RESOLUTION_LOW",
    pb.IMAGE_DETAIL_HIGH: "MEDIA_RESOLUTION_HIGH",
}
_LEFT_TO_GOOGLE = (pb.IMAGE_DETAIL_UNSPECIFIED, pb.IMAGE_DETAIL_AUTO)


def build_part(part: pb.Part, place: str, target: GoogleTarget) -> dict[str, Any] | None:
    """A part of text or media; None where it is a violation."""
    kind = part.WhichOneof("kind")
    field = f"{place}.{kind}"
    match kind:
        case "text":
            return {"text": part.text}
        case "image" if not target.lacks("messages.parts.image"):
            return _image(part.image, field, target)
        case "audio" if not target.lacks("messages.parts.audio"):
            return build_media(part.audio, target)
        case "document" if not target.lacks("messages.parts.document"):
            return _document(part.document, field, target)
    target.findings.unsupported(field)
    return None


def build_media(media: pb.Image | pb.Audio | pb.Document, target: GoogleTarget) -> dict[str, Any]:
    """Bytes and data URLs inline; an uploaded file by the address that its name has."""
    match media.WhichOneof("source"):
        case "data":
            return _inline(media.media_type, to_base64(media.data))
        case "file_id":
            name = media.file_id.removeprefix("files/")
            uri = f"{target.row.base_url}/files/{name}"
        case _:
            uri = media.uri
            if inline := split_data_url(uri, media.media_type):
                return _inline(*inline)
    file = {"fileUri": uri}
    if media.media_type:
        file["mimeType"] = media.media_type
    return {"fileData": file}


def _inline(media_type: str, data: str) -> dict[str, Any]:
    return {"inlineData": {"mimeType": media_type, "data": data}}


def _image(image: pb.Image, place: str, target: GoogleTarget) -> dict[str, Any]:
    built = build_media(image, target)
    if image.detail in _DETAIL:
        if not target.refuses("messages.parts.image.detail", f"{place}.detail"):
            built["mediaResolution"] = {"level": _DETAIL[image.detail]}
    elif image.detail not in _LEFT_TO_GOOGLE:
        target.findings.invalid(f"{place}.detail", f"{image.detail} is no value of it")
    return built


def _document(document: pb.Document, place: str, target: GoogleTarget) -> dict[str, Any]:
    if document.filename:
        target.findings.drop(f"{place}.filename", "names of files")
    return build_media(document, target)
