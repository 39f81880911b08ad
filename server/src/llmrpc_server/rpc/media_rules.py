"""What makes an image, a recording or a document of a message valid."""

from __future__ import annotations

from collections.abc import Iterator

from llmrpc import v1 as pb
from llmrpc.errors import Violation
from llmrpc_server.words import over_limit

MOST_URI = 4096
"""Characters of an address; a `data:` one holds a file and is looked at so far."""
MOST_NAME = 256
"""Characters of a media type and of a file's identifier."""
SCHEMES = ("https", "http", "data", "gs")
"""Of an address: none reads a file of the machine that a provider runs on. `gs` is Google's."""


def media_violations(
    path: str, media: pb.Image | pb.Audio | pb.Document, *, of_model: bool = False
) -> Iterator[Violation]:
    """What is wrong with where a file comes from, and with its type.

    A file `of_model` may have an address without a scheme: a provider wrote it.
    """
    match media.WhichOneof("source"):
        case None:
            yield Violation(path, "must have a source: data, uri or file_id")
        case "data":
            if not media.data:
                yield Violation(f"{path}.data", "must not be empty")
            if not media.media_type:
                yield Violation(f"{path}.media_type", "must not be empty, since data needs it")
        case "uri":
            yield from _address_violations(f"{path}.uri", media.uri, bare=of_model)
        case "file_id":
            if not media.file_id:
                yield Violation(f"{path}.file_id", "must not be empty")
            yield from _name_violations(f"{path}.file_id", media.file_id)
    yield from _name_violations(f"{path}.media_type", media.media_type)


def _address_violations(path: str, address: str, *, bare: bool) -> Iterator[Violation]:
    scheme, colon, _ = address[:MOST_URI].partition(":")
    if not address:
        yield Violation(path, "must not be empty")
    elif len(address) > MOST_URI and not address.startswith("data:"):
        yield Violation(path, over_limit(MOST_URI))
    elif not address[:MOST_URI].isprintable():
        yield Violation(path, "must not have unprintable characters")
    elif scheme.lower() not in SCHEMES and (colon or not bare):
        known = f"{', '.join(SCHEMES[:-1])} or {SCHEMES[-1]}"
        given = f"the scheme {scheme[:16]!r}" if colon else "no scheme"
        yield Violation(path, f"must be an address with the scheme {known}, got {given}")


def _name_violations(path: str, name: str) -> Iterator[Violation]:
    if len(name) > MOST_NAME:
        yield Violation(path, over_limit(MOST_NAME))
    elif not name.isprintable():
        yield Violation(path, "must not have control characters")
