"""A file or a URL becomes a part of a message.

The type is read from the first bytes, as the formats' own specifications have them;
without a known sign, from the name; what is text in UTF-8 is a text document.
"""

from __future__ import annotations

import mimetypes
from pathlib import Path
from typing import Literal
from urllib.parse import urlsplit

from llmrpc import v1 as pb
from llmrpc.channel import MAX_MESSAGE_BYTES
from llmrpc.cli.output import Misuse

Kind = Literal["image", "audio", "document"]

_SIGNS: tuple[tuple[int, bytes, str], ...] = (
    (0, b"\x89PNG\r\n\x1a\n", "image/png"),
    (0, b"\xff\xd8\xff", "image/jpeg"),
    (0, b"GIF87a", "image/gif"),
    (0, b"GIF89a", "image/gif"),
    (8, b"WEBP", "image/webp"),
    (0, b"BM", "image/bmp"),
    (4, b"ftypheic", "image/heic"),
    (4, b"ftypavif", "image/avif"),
    (0, b"%PDF-", "application/pdf"),
    (8, b"WAVE", "audio/wav"),
    (0, b"ID3", "audio/mpeg"),
    (0, b"\xff\xfb", "audio/mpeg"),
    (0, b"\xff\xf3", "audio/mpeg"),
    (0, b"fLaC", "audio/flac"),
    (0, b"OggS", "audio/ogg"),
    (4, b"ftypM4A", "audio/mp4"),
    (0, b"\xff\xf1", "audio/aac"),
)
"""Offset, bytes, media type."""
_TYPES = {
    ".md": "text/markdown",
    ".csv": "text/csv",
    ".json": "application/json",
    ".yaml": "application/yaml",
    ".yml": "application/yaml",
    ".webp": "image/webp",
    ".wav": "audio/wav",
    ".flac": "audio/flac",
    ".m4a": "audio/mp4",
    ".heic": "image/heic",
}
"""Endings whose type differs between machines, or is not known to all."""
_NOTHING = ("application/octet-stream",)
"""What a name says that says nothing."""
_ARTICLES = {"image": "an image", "audio": "a recording", "document": "a document"}


def attachment(source: str, kind: Kind | None = None) -> pb.Part:
    """The part for a path or URL; its kind is what the file is, unless one is asked for.

    A URL goes to the provider as it is: nothing is fetched. `Misuse` for a file that
    cannot be read, and for one that is of no known type or another kind.
    """
    if source.startswith("data:") or "://" in source:
        return _by_reference(source, kind)
    data = _read(source, kind)
    media_type = _media_type(source, data)
    if not media_type:
        raise Misuse(f"{_option(kind)} {source}: its type is not known, by content or name")
    found = _kind(media_type)
    if kind not in (None, found):
        hint = "; give it with --file" if found == "document" else f"; give it with --{found}"
        raise Misuse(f"{_option(kind)} {source}: is {media_type}, not {_ARTICLES[kind]}{hint}")
    if found == "image":
        return pb.Part(image=pb.Image(data=data, media_type=media_type))
    if found == "audio":
        return pb.Part(audio=pb.Audio(data=data, media_type=media_type))
    name = Path(source).name
    return pb.Part(document=pb.Document(data=data, media_type=media_type, filename=name))


def _by_reference(uri: str, kind: Kind | None) -> pb.Part:
    if uri.startswith("data:"):
        media_type = uri[5:].partition(",")[0].partition(";")[0]
    else:
        media_type = _by_name(urlsplit(uri).path)
    match kind or _kind(media_type):
        case "image":
            return pb.Part(image=pb.Image(uri=uri, media_type=media_type))
        case "audio":
            return pb.Part(audio=pb.Audio(uri=uri, media_type=media_type))
        case "document":
            return pb.Part(document=pb.Document(uri=uri, media_type=media_type))


def _read(path: str, kind: Kind | None) -> bytes:
    file = Path(path).expanduser()
    try:
        size = file.stat().st_size
        if size > MAX_MESSAGE_BYTES:
            raise Misuse(
                f"{_option(kind)} {path}: has {size} bytes; a request has at most "
                f"{MAX_MESSAGE_BYTES}"
            )
        data = file.read_bytes()
    except OSError as error:
        raise Misuse(f"{_option(kind)} {path}: {error.strerror or error}") from None
    if not data:
        raise Misuse(f"{_option(kind)} {path}: is empty")
    return data


def _media_type(path: str, data: bytes) -> str:
    """The type of a file; nothing where neither content nor name tells."""
    named = _by_name(path)
    if _is_text(data):
        return named if named.startswith(("text/", "application/")) else "text/plain"
    # What is no text cannot be what the name of a text says.
    return _by_content(data) or ("" if named in _NOTHING or named.startswith("text/") else named)


def _by_content(data: bytes) -> str:
    return next((name for at, sign, name in _SIGNS if data.startswith(sign, at)), "")


def _by_name(path: str) -> str:
    known = _TYPES.get(Path(path).suffix.lower())
    return known or mimetypes.guess_type(path)[0] or ""


def _is_text(data: bytes) -> bool:
    try:
        return "\0" not in data.decode()
    except UnicodeDecodeError:
        return False


def _kind(media_type: str) -> Kind:
    family = media_type.partition("/")[0]
    if family == "image" and not media_type.startswith("image/svg"):
        return "image"
    return "audio" if family == "audio" else "document"


def _option(kind: Kind | None) -> str:
    return "--file" if kind in (None, "document") else f"--{kind}"
