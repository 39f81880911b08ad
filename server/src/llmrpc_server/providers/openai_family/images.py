"""Images of an answer: base64, and the addresses that hold it."""

from __future__ import annotations

import base64

from llmrpc import v1 as pb
from llmrpc_server.providers.media import split_data_url


def from_base64(text: str) -> bytes | None:
    """The bytes; None for what is no base64, and for nothing."""
    try:
        return base64.b64decode(text, validate=True) or None
    except ValueError:
        return None


def image_at(url: str) -> pb.Image:
    """The picture in a `data:` URL, or the address of any other."""
    split = split_data_url(url)
    data = from_base64(split[1]) if split is not None and split[0] else None
    if split is None or data is None:
        return pb.Image(uri=url)
    return pb.Image(data=data, media_type=split[0])
