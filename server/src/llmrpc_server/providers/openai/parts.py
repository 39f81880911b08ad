"""Content parts: text, images, audio, documents and refusals.

Sources: https://developers.openai.com/api/docs/guides/images-vision,
https://developers.openai.com/api/docs/guides/audio,
https://developers.openai.com/api/docs/guides/file-inputs,
https://developers.openai.com/api/docs/guides/prompt-caching, and for the other
shapes https://docs.mistral.ai/api/ and
https://openrouter.ai/docs/features/multimodal/overview
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from llmrpc import v1 as pb
from llmrpc.hints import HINTS
from llmrpc_server.providers.media import data_url, to_base64
from llmrpc_server.providers.openai.quirks import OpenAITarget
from llmrpc_server.providers.openai_family.history import write_refusal
from llmrpc_server.providers.openai_family.request import cache_ttl, filename

_AUDIO_FORMATS = {
    "mpeg": "mp3",
    "wave": "wav",
    "x-wav": "wav",
    "vnd.wave": "wav",
    "x-flac": "flac",
    "x-aiff": "aiff",
    "mp4": "m4a",
    "x-m4a": "m4a",
}
"""Media types of audio whose second half is not the format's name."""

_DETAIL = {
    pb.IMAGE_DETAIL_AUTO: "auto",
    pb.IMAGE_DETAIL_LOW: "low",
    pb.IMAGE_DETAIL_HIGH: "high",
}


def build_content(
    parts: Sequence[pb.Part], field: str, target: OpenAITarget, *, only_text: bool = False
) -> str | list[dict[str, Any]]:
    """The content of a message; plain text where it is nothing else."""
    built: list[dict[str, Any]] = []
    for index, part in enumerate(parts):
        place = f"{field}.parts[{index}]"
        if only_text and not part.HasField("text"):
            target.findings.unsupported(
                f"{place}.{part.WhichOneof('kind')}",
                f"{target.row.name} accepts only text as the result of a tool",
            )
        elif item := build_part(part, place, target):
            built.append(item)
        target.leave_out_annotations(part, place, "annotations here")
    return simplest(built)


def simplest(parts: list[Any]) -> str | list[Any]:
    """Plain text where the parts are nothing else, which every server takes."""
    if all(isinstance(part, dict) and part.keys() == {"type", "text"} for part in parts):
        return "".join(part["text"] for part in parts)
    return parts


def build_part(part: pb.Part, place: str, target: OpenAITarget) -> dict[str, Any] | None:
    """One content part; None where it is a violation."""
    kind = part.WhichOneof("kind")
    item: dict[str, Any] | None = None
    match kind:
        case "text":
            item = {"type": "text", "text": part.text}
        case "refusal":
            item = write_refusal(part, place, target, "text")
        case "image" if not target.refuses("messages.parts.image", f"{place}.image"):
            item = _image(part.image, f"{place}.image", target)
        case "audio" if not target.refuses("messages.parts.audio", f"{place}.audio"):
            item = _audio(part.audio, f"{place}.audio", target)
        case "document" if not target.refuses("messages.parts.document", f"{place}.document"):
            item = _document(part.document, f"{place}.document", target)
    target.leave_out(part, place, "signature")
    if part.HasField("cache_breakpoint") and item is not None:
        mark_breakpoint(item, part, place, target)
    return item


def mark_breakpoint(item: dict[str, Any], part: pb.Part, place: str, target: OpenAITarget) -> None:
    """Marks the end of a cached prefix on a content part, or warns."""
    quirks, findings = target.quirks, target.findings
    field = f"{place}.cache_breakpoint"
    if item["type"] == "refusal" or not quirks.cache_breakpoint:
        findings.drop(field, HINTS["cache_breakpoint"])
        return
    if target.lacks("messages.parts.cache_breakpoint"):
        findings.drop(field, "cache breakpoints", by=target.name)
        return
    explicit = quirks.cache_breakpoint == "prompt_cache_breakpoint"
    mark: dict[str, Any] = {"mode": "explicit"} if explicit else {"type": "ephemeral"}
    mark |= cache_ttl(part, field, target)
    item[quirks.cache_breakpoint] = mark


def _image(image: pb.Image, place: str, target: OpenAITarget) -> dict[str, Any] | None:
    match image.WhichOneof("source"):
        case "data":
            url = data_url(image.data, image.media_type)
        case "uri" if image.uri.startswith("data:") or not target.refuses(
            "messages.parts.image.uri", f"{place}.uri"
        ):
            url = image.uri
        case "file_id":
            target.findings.unsupported(f"{place}.file_id")
            return None
        case _:
            return None
    built = {"url": url}
    if image.detail in _DETAIL:
        if not target.lacks("messages.parts.image.detail"):
            built["detail"] = _DETAIL[image.detail]
        elif image.detail != pb.IMAGE_DETAIL_AUTO:
            target.findings.unsupported(f"{place}.detail")
    elif image.detail != pb.IMAGE_DETAIL_UNSPECIFIED:
        target.findings.invalid(f"{place}.detail", f"{image.detail} is no value of it")
    return {"type": "image_url", "image_url": built}


def _audio(audio: pb.Audio, place: str, target: OpenAITarget) -> dict[str, Any] | None:
    quirks = target.quirks
    source = audio.WhichOneof("source")
    if quirks.audio == "text" and source in ("data", "uri"):
        data = to_base64(audio.data) if source == "data" else audio.uri
        return {"type": "input_audio", "input_audio": data}
    if source != "data":
        target.findings.unsupported(f"{place}.{source}")
        return None
    subtype = audio.media_type.partition(";")[0].rpartition("/")[2].strip().lower()
    form = _AUDIO_FORMATS.get(subtype, subtype)
    if form not in quirks.audio_formats:
        target.findings.unsupported(
            f"{place}.media_type",
            f"{target.row.name} takes {', '.join(sorted(quirks.audio_formats))}",
        )
        return None
    return {"type": "input_audio", "input_audio": {"data": to_base64(audio.data), "format": form}}


def _document(document: pb.Document, place: str, target: OpenAITarget) -> dict[str, Any] | None:
    quirks = target.quirks
    source = document.WhichOneof("source")
    if source == "file_id":
        held = {"file_id": document.file_id}
        return {"type": "file", **(held if quirks.document == "document_url" else {"file": held})}
    if source == "data":
        if target.refuses("messages.parts.document.data", f"{place}.data"):
            return None
        url = data_url(document.data, document.media_type)
    elif (
        document.uri.startswith("data:") or quirks.document_uri or quirks.document == "document_url"
    ):
        url = document.uri
    else:
        target.findings.unsupported(f"{place}.uri")
        return None
    if quirks.document == "document_url":
        built = {"type": "document_url", "document_url": url}
        if document.filename:
            built["document_name"] = document.filename
        return built
    return {"type": "file", "file": {"filename": filename(document), "file_data": url}}
