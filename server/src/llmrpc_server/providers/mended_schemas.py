"""Schemas of tools as MCP servers write them, where providers refuse the whole request for one.

PHP writes an empty object as a list, Go an empty list as null, and some write `required` for
a property as a boolean; that says nothing, and is left out. Sources:
https://github.com/Automattic/wordpress-mcp/issues/58,
https://github.com/MarkusPfundstein/mcp-gsuite/issues/48
"""

from __future__ import annotations

import re
from typing import Any

import msgspec

from llmrpc_server.providers.kept_json import Fields, fields_of, string

_ODD = re.compile(
    r'"(?!default"|const")[^"]+"\s*:\s*null'
    r'|"required"\s*:\s*[^\s\[]|"(?:properties|\$defs|definitions)"\s*:\s*[^\s{]'
    r'|"type"\s*:\s*(?:"None"|\[)'
)
"""What may be amiss in a schema; most have none of it, and are sent as they came."""
_NULLABLE = frozenset({"const", "default", "example"})
"""Keywords for which null is a value."""
_MAPS = frozenset({"$defs", "definitions", "dependentSchemas", "patternProperties", "properties"})
_LISTS = frozenset({"allOf", "anyOf", "oneOf", "prefixItems"})
_SCHEMAS = frozenset(
    {"additionalProperties", "contains", "else", "if", "items", "not", "propertyNames", "then"}
)
_DEEPEST = 64
_OBJECT = msgspec.Raw(b'"object"')
_list = msgspec.json.Decoder(list[msgspec.Raw]).decode


def mend(text: str) -> str:
    """The schema without keywords that say nothing; itself, if it has none of them."""
    fields = fields_of(text.encode()) if _ODD.search(text) else None
    if fields is None:
        return text
    mended = _mended(fields, 0)
    types = mended.get("type", msgspec.Raw())
    if bytes(types).startswith(b"[") and _OBJECT in _list(types):  # what a tool takes is no null
        mended["type"] = _OBJECT
    written = msgspec.json.encode(mended)
    return text if msgspec.json.decode(written) == msgspec.json.decode(text) else written.decode()


def _mended(fields: Fields, depth: int) -> Fields:
    return {name: _value(name, raw, depth) for name, raw in fields.items() if _is_said(name, raw)}


def _is_said(name: str, raw: msgspec.Raw) -> bool:
    """Whether a keyword has a value that it can have."""
    text = bytes(raw).lstrip()
    if text == b"null":
        return name in _NULLABLE
    if name == "required":
        return text.startswith(b"[")
    if name in _MAPS:
        return text.startswith(b"{")
    return name != "type" or string(raw) != "None"


def _value(name: str, raw: msgspec.Raw, depth: int) -> Any:
    if depth == _DEEPEST:
        return raw
    fields = fields_of(raw) if name in _MAPS | _SCHEMAS else None
    if fields is not None and name in _MAPS:
        return {key: _schema(each, depth + 1) for key, each in fields.items()}
    if fields is not None:
        return _mended(fields, depth + 1)
    if bytes(raw).startswith(b"[") and name in _LISTS | _SCHEMAS:
        return [_schema(each, depth + 1) for each in _list(raw)]
    return raw


def _schema(raw: msgspec.Raw, depth: int) -> Any:
    fields = fields_of(raw)
    return raw if fields is None else _mended(fields, depth)
