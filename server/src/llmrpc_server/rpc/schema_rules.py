"""Texts in a request that must be JSON."""

from __future__ import annotations

from collections.abc import Iterator

import msgspec

from llmrpc.errors import Violation


class _Object(msgspec.Struct):
    """Any JSON object: its values are looked through, and nothing is made of them."""

    type: msgspec.Raw | msgspec.UnsetType = msgspec.UNSET


_look_through = msgspec.json.Decoder(_Object).decode


def json_object_violation(path: str, text: str) -> Iterator[Violation]:
    """A violation unless the text is a JSON object, which is parsed to find out."""
    try:
        value = msgspec.json.decode(text)
    except (msgspec.DecodeError, RecursionError) as error:
        yield Violation(path, f"must be valid JSON: {error}"[:200])
        return
    if not isinstance(value, dict):
        yield Violation(path, "must be a JSON object")


def opaque_object_violation(
    path: str, text: str, *, without_type: bool = False
) -> Iterator[Violation]:
    """The same for a text that is handed on as it is: it costs less than to parse it.

    With `without_type` the object must not have the key `type`.
    """
    try:
        value = _look_through(text)
    except msgspec.ValidationError:
        yield Violation(path, "must be a JSON object")
    except (msgspec.DecodeError, RecursionError) as error:
        yield Violation(path, f"must be valid JSON: {error}"[:200])
    else:
        if without_type and value.type is not msgspec.UNSET:
            yield Violation(path, "must not have the key 'type', which has its own field")
