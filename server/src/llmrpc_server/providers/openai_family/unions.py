"""Unions at the top of a tool's schema, which OpenAI refuses, and with them the whole request.

Their alternatives are merged: what one of them needs may stay out, and what all need may not.
Sources: https://developers.openai.com/api/docs/guides/structured-outputs#supported-schemas,
https://github.com/chatanywhere/GPT_API_free/issues/403
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import msgspec

from llmrpc_server.providers.failures import UNDECODABLE

_UNIONS = ("allOf", "anyOf", "oneOf")
_REFUSED = frozenset({*_UNIONS, "not", "enum"})


def without_unions(raw: msgspec.Raw) -> msgspec.Raw:
    """The schema of an object with the properties of all alternatives; itself if it has none."""
    try:
        schema = msgspec.json.decode(raw)
    except UNDECODABLE:
        return raw
    if not isinstance(schema, dict):
        return raw
    if meant := _resolved(schema, schema) if "$ref" in schema else {}:
        schema["allOf"] = [*_list(schema.get("allOf")), meant]
        del schema["$ref"]
    if _REFUSED.isdisjoint(schema):
        return raw
    flat = {name: value for name, value in schema.items() if name not in _REFUSED}
    properties: dict[str, Any] = dict(_object(schema.get("properties")))
    required = [*_names(schema)]
    for union in _UNIONS:
        branches = [_resolved(each, schema) for each in _list(schema.get(union))]
        for branch in branches:
            for name, value in _object(branch.get("properties")).items():
                properties[name] = _either(properties.get(name, value), value)
        needed = [_names(branch) for branch in branches]
        for name in properties:
            told = [name in names for names in needed]
            if told and (any(told) if union == "allOf" else all(told)) and name not in required:
                required.append(name)
    flat["properties"] = properties
    if required:
        flat["required"] = required
    return msgspec.Raw(msgspec.json.encode(flat))


def _either(one: Any, other: Any) -> Any:
    """What fits one of two schemas of a property."""
    if one == other:
        return one
    known = one["anyOf"] if isinstance(one, dict) and one.keys() == {"anyOf"} else [one]
    return {"anyOf": known if other in known else [*known, other]}


def _resolved(branch: Any, schema: dict[str, Any]) -> dict[str, Any]:
    """An alternative, which may be defined elsewhere in the schema."""
    own = _object(branch)
    path = own.get("$ref")
    if not isinstance(path, str) or not path.startswith("#/"):
        return own
    found: Any = schema
    for step in path.removeprefix("#/").split("/"):
        found = _object(found).get(step)
    return _object(found)


def _names(schema: dict[str, Any]) -> Iterable[str]:
    return [name for name in _list(schema.get("required")) if isinstance(name, str)]


def _object(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []
