"""Unions at the top of a tool's schema, which OpenAI refuses, and with them the whole request.

Their alternatives are merged: what one of them needs may stay out, and what all need may not.
Sources: https://developers.openai.com/api/docs/guides/structured-outputs#supported-schemas,
https://github.com/chatanywhere/GPT_API_free/issues/403
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any
from urllib.parse import unquote

import msgspec

from llmrpc_server.providers.failures import UNDECODABLE

_UNIONS = ("allOf", "anyOf", "oneOf")
_REFUSED = frozenset({*_UNIONS, "not", "enum"})
_DEEPEST = 8
"""Alternatives inside of others; what is beyond says nothing."""
_Merged = tuple[dict[str, Any], list[str]]


def without_unions(raw: msgspec.Raw) -> msgspec.Raw:
    """The schema of an object with the properties of all alternatives; itself if it has none."""
    try:
        schema = msgspec.json.decode(raw)
    except UNDECODABLE:
        return raw
    if not isinstance(schema, dict):
        return raw
    merger = _Merger(schema)
    drop = {*_REFUSED, "$ref"} if merger.defined(schema.get("$ref")) else _REFUSED
    if drop.isdisjoint(schema):
        return raw
    properties, required = merger.merged(schema)
    flat = {name: value for name, value in schema.items() if name not in drop}
    flat["properties"] = properties
    if required:
        flat["required"] = required
    return msgspec.Raw(msgspec.json.encode(flat))


class _Merger:
    """Merges alternatives; what is defined once is merged once, however often it is meant."""

    def __init__(self, schema: dict[str, Any]) -> None:
        self._schema = schema
        self._known: dict[str, _Merged] = {}

    def merged(self, one: Any, depth: int = 0) -> _Merged:
        """The properties of all alternatives of a schema, and those that each of them needs."""
        own = _object(one)
        properties = dict(_object(own.get("properties")))
        required = dict.fromkeys(
            name for name in _list(own.get("required")) if isinstance(name, str)
        )
        if depth > _DEEPEST:
            return properties, [*required]
        for union in _UNIONS:
            branches = [self.merged(each, depth + 1) for each in _list(own.get(union))]
            if union == "allOf" and "$ref" in own:
                branches.append(self._meant(own["$ref"], depth))
            if not branches:
                continue
            found: dict[str, list[Any]] = {}
            for of_branch, _ in branches:
                for name, value in of_branch.items():
                    before = [properties[name]] if name in properties else []
                    found.setdefault(name, before).append(value)
            properties |= {name: _any_of(values) for name, values in found.items()}
            needed = Counter(name for _, names in branches for name in names)
            least = 1 if union == "allOf" else len(branches)
            required |= dict.fromkeys(name for name in properties if needed[name] >= least)
        return properties, [*required]

    def defined(self, path: Any) -> dict[str, Any]:
        """What a reference inside of the schema stands for; nothing for any other."""
        if not isinstance(path, str) or not path.startswith("#/"):
            return {}
        found: Any = self._schema
        for step in unquote(path.removeprefix("#/")).split("/"):
            found = _object(found).get(step.replace("~1", "/").replace("~0", "~"))
        return _object(found)

    def _meant(self, path: Any, depth: int) -> _Merged:
        """The same, merged; nothing while that is under way, as it may mean itself."""
        if str(path) not in self._known:
            self._known[str(path)] = {}, []
            self._known[str(path)] = self.merged(self.defined(path), depth + 1)
        return self._known[str(path)]


def _any_of(schemas: Sequence[Any]) -> Any:
    """What fits one of several schemas of a property."""
    first, *others = schemas
    if not others:
        return first
    union = isinstance(first, dict) and first.keys() == {"anyOf"}
    known = [*_list(first["anyOf"])] if union else [first]
    seen = {_form(first), *map(_form, known)}
    more = {form: other for other in others if (form := _form(other)) not in seen}
    return {"anyOf": [*known, *more.values()]} if more else first


def _form(schema: Any) -> bytes:
    """The same for equal schemas."""
    return msgspec.json.encode(schema, order="sorted")


def _object(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []
