"""An object of an unknown shape that comes in pieces, put together.

Texts of one field are joined, objects are put together field by field, and of anything
else the last one counts. What names an object comes once, or again in every piece.
"""

from __future__ import annotations

from collections.abc import Sequence

import msgspec
from msgspec import Raw

from llmrpc_server.providers.kept_json import Fields
from llmrpc_server.providers.openai_family.fields import NULL, is_text, object_of

_NAMES = frozenset({"id", "index", "name", "type"})
_DEEPEST = 8
"""Objects inside each other that are put together."""


def join(pieces: Sequence[Fields], depth: int = 0) -> Fields:
    """The object that the pieces are of."""
    found: dict[str, list[Raw]] = {}
    for piece in pieces:
        for name, value in piece.items():
            if value != NULL:
                found.setdefault(name, []).append(value)
    return {name: _join(name, values, depth) for name, values in found.items()}


def _join(name: str, values: list[Raw], depth: int) -> Raw:
    if len(values) == 1 or name in _NAMES:
        return next((value for value in values if value != Raw(b'""')), values[0])
    if all(is_text(value) for value in values):
        return Raw(b'"' + b"".join(bytes(value)[1:-1] for value in values) + b'"')
    objects = [object_of(value) for value in values]
    if depth < _DEEPEST and all(objects):
        return Raw(msgspec.json.encode(join(objects, depth + 1)))
    return values[-1]
