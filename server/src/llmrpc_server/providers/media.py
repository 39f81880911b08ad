"""Bytes and data URLs, as they stand in JSON."""

from __future__ import annotations

import base64

from llmrpc import v1 as pb


def to_base64(data: bytes) -> str:
    """The bytes in base64, without line ends."""
    return base64.b64encode(data).decode("ascii")


def data_url(data: bytes, media_type: str) -> str:
    """The bytes as a `data:` URL (RFC 2397)."""
    return f"data:{media_type};base64,{to_base64(data)}"


def split_data_url(url: str, media_type: str = "") -> tuple[str, str] | None:
    """The media type and the base64 of a `data:` URL; None for any other address.

    The type is the URL's own; one without has that which was told beside it.
    """
    head, comma, data = url.partition(",")
    if not (comma and head.startswith("data:") and head.endswith(";base64")):
        return None
    return head.removeprefix("data:").partition(";")[0] or media_type, data


def read_image(data: str, media_type: str) -> pb.Image | None:
    """The image in base64; None for what is none, or would not be written again as it came."""
    try:
        read = base64.b64decode(data, validate=True)
    except ValueError:
        return None
    if not read or to_base64(read) != data:
        return None
    return pb.Image(data=read, media_type=media_type)
