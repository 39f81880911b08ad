"""Values of `provider_options` and `provider_metadata`, in plain Python and back."""

from __future__ import annotations

import json
from math import isfinite
from typing import Any

from google.protobuf import struct_pb2

_DEEPEST = 16
"""Lists and objects inside each other; each costs up to three levels of a message's 100."""
_EXACT = 2**53
"""The largest integer up to which a double holds every one."""


def plain(value: struct_pb2.Value) -> Any:
    """The value; a whole number is an integer."""
    match value.WhichOneof("kind"):
        case "number_value":
            number = value.number_value
            return int(number) if number.is_integer() else number
        case "string_value":
            return value.string_value
        case "bool_value":
            return value.bool_value
        case "struct_value":
            return {name: plain(inner) for name, inner in value.struct_value.fields.items()}
        case "list_value":
            return [plain(inner) for inner in value.list_value.values]
        case _:
            return None


def count_values(plain: Any, most: int) -> int:
    """How many values something from JSON has, itself included; `most` + 1 for any more."""
    found, waiting = 0, [plain]
    while waiting and found <= most:
        value = waiting.pop()
        found += 1
        if isinstance(value, dict):
            value = list(value.values())
        if isinstance(value, list):
            if found + len(value) > most:
                return most + 1
            waiting += value
    return found


def to_text(plain: Any) -> struct_pb2.Value:
    """What JSON decodes to, as JSON again."""
    return struct_pb2.Value(string_value=json.dumps(plain, ensure_ascii=False))


def to_value(plain: Any, depth: int = 0) -> struct_pb2.Value:
    """What JSON decodes to, as a value of the contract.

    A number that a double cannot hold exactly is kept as text, and so is what nests deeper
    than a message may.
    """
    if depth == _DEEPEST and isinstance(plain, list | dict):
        return to_text(plain)
    match plain:
        case None:
            return struct_pb2.Value(null_value=struct_pb2.NULL_VALUE)
        case bool():
            return struct_pb2.Value(bool_value=plain)
        case int() | float():
            if abs(plain) <= _EXACT if isinstance(plain, int) else isfinite(plain):
                return struct_pb2.Value(number_value=plain)
            return struct_pb2.Value(string_value=str(plain))
        case list():
            return struct_pb2.Value(
                list_value=struct_pb2.ListValue(
                    values=[to_value(inner, depth + 1) for inner in plain]
                )
            )
        case dict():
            fields = {str(name): to_value(inner, depth + 1) for name, inner in plain.items()}
            return struct_pb2.Value(struct_value=struct_pb2.Struct(fields=fields))
        case _:
            return struct_pb2.Value(string_value=str(plain))
