"""The words for a value that does not fit its setting: what it must be, and what it is."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any, get_args

from msgspec import Meta, ValidationError

from llmrpc_server.words import number

_EXPECTED = re.compile(r"Expected `(\w+)[^`]*`, got ")
_KINDS = {
    "array": "a list",
    "bool": "true or false",
    "float": "a number",
    "int": "a whole number",
    "object": "a mapping",
    "str": "text",
}


def misfit(kind: Any, raw: Any, error: ValidationError, *, secret: bool) -> str:
    """What is wrong with a raw value; one in the place of a `secret` is not repeated."""
    given = "" if secret else f", got {number(raw) if isinstance(raw, float) else repr(raw)}"
    expected = _EXPECTED.match(str(error))
    if expected is not None and expected[1] in _KINDS:
        return f"must be {_KINDS[expected[1]]}{given}"
    bounds = next(filter(None, map(_bounds, _metas(kind))), "")
    if bounds:
        return f"must {bounds}{given}"
    return f"{str(error)[:1].lower()}{str(error)[1:]}{given}"


def _bounds(meta: Meta) -> str:
    """What a value must, after that word; empty for bounds of another kind."""
    if meta.ge is not None and meta.le is not None:
        return f"be between {number(meta.ge)} and {number(meta.le)}"
    if meta.ge is not None:
        return f"be at least {number(meta.ge)}"
    if meta.gt is not None:
        return f"be greater than {number(meta.gt)}"
    return "not be empty" if meta.min_length == 1 else ""


def _metas(kind: Any) -> Iterator[Meta]:
    """What is said of a type, wherever it stands in it."""
    yield from (each for each in getattr(kind, "__metadata__", ()) if isinstance(each, Meta))
    for inner in get_args(kind):
        yield from _metas(inner)
