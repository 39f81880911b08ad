"""Items that are no text: generated images, and what only the provider understands.

Sources: https://developers.openai.com/api/docs/guides/tools and
https://developers.openai.com/api/docs/guides/tools-image-generation
"""

from __future__ import annotations

from msgspec import Raw

from llmrpc import v1 as pb
from llmrpc_server.providers import media
from llmrpc_server.providers.kept_json import string
from llmrpc_server.providers.openai_responses import wire
from llmrpc_server.providers.openai_responses.kept import extra_of, write_extra

IMAGE = "image_generation_call"
_STARTS = {
    "iVBORw0KGgo": "image/png",
    "/9j/": "image/jpeg",
    "UklGR": "image/webp",
    "R0lGOD": "image/gif",
}
"""The base64 with which each kind of image starts."""


def read_image(trace: wire.Trace, raw: Raw, provider: str) -> tuple[pb.Image, pb.Signature] | None:
    """The image of a finished generation, and what of its item goes back beside it.

    None where there is no image: it failed.
    """
    if string(trace.type) != IMAGE:
        return None
    result = string(trace.result)
    image = media.read_image(result, _media_type(trace, result))
    if image is None:
        return None
    extra = write_extra(extra_of(IMAGE, raw), {})
    return image, pb.Signature(provider=provider, id=string(trace.id), extra=extra)


def make_block(trace: wire.Trace, raw: Raw, provider: str) -> pb.ProviderBlock:
    """Any item, as its provider wrote it. Raises one of `UNDECODABLE` for what is no text."""
    data = bytes(raw).decode()
    return pb.ProviderBlock(
        provider=provider, type=string(trace.type), data=data, id=string(trace.id)
    )


def _media_type(trace: wire.Trace, result: str) -> str:
    said = string(trace.output_format)
    if said.isalnum():
        return "image/svg+xml" if said == "svg" else f"image/{said}"
    found = (kind for start, kind in _STARTS.items() if result.startswith(start))
    return next(found, "image/png")
