"""Items that are no text: generated images, and what only the provider understands.

Sources: https://developers.openai.com/api/docs/guides/tools and
https://developers.openai.com/api/docs/guides/tools-image-generation
"""

from __future__ import annotations

import base64
import binascii
from typing import Any

import msgspec

from llmrpc import v1 as pb
from llmrpc_server.providers.openai_responses import wire
from llmrpc_server.providers.openai_responses.kept import extra_of

IMAGE = "image_generation_call"
_STARTS = {
    "iVBORw0KGgo": "image/png",
    "/9j/": "image/jpeg",
    "UklGR": "image/webp",
    "R0lGOD": "image/gif",
}
"""The base64 with which each kind of image starts."""


def read_image(
    trace: wire.Trace, raw: msgspec.Raw, provider: str
) -> tuple[pb.Image, pb.Signature] | None:
    """The image of a finished generation, and what of its item goes back beside it.

    None where there is no image: it failed.
    """
    if trace.type != IMAGE or not isinstance(trace.result, str) or not trace.result:
        return None
    try:
        data = base64.b64decode(trace.result, validate=True)
    except (binascii.Error, ValueError):
        return None
    image = pb.Image(data=data, media_type=_media_type(trace))
    return image, pb.Signature(provider=provider, id=_id(trace), extra=extra_of(IMAGE, raw))


def make_block(trace: wire.Trace, raw: msgspec.Raw, provider: str) -> pb.ProviderBlock:
    """Any item, as its provider wrote it."""
    return pb.ProviderBlock(
        provider=provider, type=trace.type or "", data=bytes(raw).decode(), id=_id(trace)
    )


def _id(trace: wire.Trace) -> str:
    return trace.id if isinstance(trace.id, str) else ""


def _media_type(trace: wire.Trace) -> str:
    said: Any = trace.output_format
    if isinstance(said, str) and said.isalnum():
        return "image/svg+xml" if said == "svg" else f"image/{said}"
    found = (kind for start, kind in _STARTS.items() if trace.result.startswith(start))
    return next(found, "image/png")
