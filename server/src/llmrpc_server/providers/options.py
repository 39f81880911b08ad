"""Values of `provider_options` and `provider_metadata`, in plain Python and back."""

from __future__ import annotations

import json
from math import isfinite
from struct import Struct
from typing import Any

from google.protobuf import struct_pb2

_DEEPEST = 16
"""Lists and objects inside each other; each costs up to three levels of a message's 100."""
_double = Struct("<Bd").pack
_EXACT = 2**53
"""The largest integer up to which a double holds every one."""


def plain(value: struct_pb2.Value) -> Any:
    """The value; a whole number is an integer.

    Names are sorted: a message's map has another order in each copy, and what a provider has
    cached begins with the same bytes.
    """
    match value.WhichOneof("kind"):
        case "number_value":
            number = value.number_value
            return int(number) if number.is_integer() else number
        case "string_value":
            return value.string_value
        case "bool_value":
            return value.bool_value
        case "struct_value":
            return {name: plain(inner) for name, inner in sorted(value.struct_value.fields.items())}
        case "list_value":
            return [plain(inner) for inner in value.list_value.values]
        case _:
            return None


def to_text(plain: Any) -> struct_pb2.Value:
    """What JSON decodes to, as JSON again."""
    return struct_pb2.Value(string_value=json.dumps(plain, ensure_ascii=False))


def to_value(plain: Any) -> struct_pb2.Value:
    """What JSON decodes to, as a value of the contract.

    A number that a double cannot hold exactly is kept as text, and so is what nests deeper
    than a message may. It is written as bytes first, which takes a fifth of the time that as
    many messages inside each other take.
    """
    return struct_pb2.Value.FromString(_written(plain, 0))


def values_in(plain: Any, most: int) -> int:
    """How many values it is, those of lists and objects among them; counted to just past `most`."""
    found, held = 1, [plain]
    while held and found <= most:
        each = held.pop()
        if isinstance(each, list | dict):
            found += len(each)
            held += each if isinstance(each, list) else each.values()
    return found


def _written(plain: Any, depth: int) -> bytes:
    """A `google.protobuf.Value` on the wire."""
    if depth == _DEEPEST and isinstance(plain, list | dict):
        plain = json.dumps(plain, ensure_ascii=False)
    match plain:
        case None:
            return b"\x08\x00"
        case bool():
            return b"\x20\x01" if plain else b"\x20\x00"
        case int() | float() if _is_exact(plain):
            return _double(0x11, plain)
        case list():
            each = (_field(b"\x0a", _written(inner, depth + 1)) for inner in plain)
            return _field(b"\x32", b"".join(each))
        case dict():
            named = (
                _field(b"\x0a", str(name).encode()) + _field(b"\x12", _written(inner, depth + 1))
                for name, inner in plain.items()
            )
            return _field(b"\x2a", b"".join(_field(b"\x0a", entry) for entry in named))
        case _:
            return _field(b"\x1a", str(plain).encode())


def _is_exact(number: float) -> bool:
    return abs(number) <= _EXACT if isinstance(number, int) else isfinite(number)


def _field(tag: bytes, data: bytes) -> bytes:
    """A field of bytes, with its length as a varint."""
    length = len(data)
    if length < 0x80:
        return b"%b%c%b" % (tag, length, data)
    size = b""
    while length > 0x7F:
        size += b"%c" % (length & 0x7F | 0x80)
        length >>= 7
    return b"%b%b%c%b" % (tag, size, length, data)
