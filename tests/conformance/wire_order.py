"""A message's bytes with its fields in the order of their numbers.

Protobuf leaves the order of fields to each language: Go's writes the members of a oneof
behind all other fields, the others write by number. All else about the bytes is the same.
Source: https://protobuf.dev/programming-guides/serialization-not-canonical/
"""

from __future__ import annotations

from collections.abc import Iterator

from google.protobuf.descriptor import Descriptor

_FIXED = {1: 8, 5: 4}
"""Bytes by wire type."""
_LENGTH = 2


def in_order(data: bytes, message: Descriptor) -> bytes:
    """The same fields by number, those of one number as they stood. `ValueError` for no message."""
    fields = sorted(_fields(data, message), key=lambda field: field[0])
    return b"".join(content for _, content in fields)


def _fields(data: bytes, message: Descriptor) -> Iterator[tuple[int, bytes]]:
    place = 0
    while place < len(data):
        start = place
        tag, place = _varint(data, place)
        number, kind = tag >> 3, tag & 7
        if kind == _LENGTH:
            length, place = _varint(data, place)
            content = data[place : place + length]
            field = message.fields_by_number.get(number)
            if field is not None and field.message_type is not None:
                content = in_order(content, field.message_type)
            yield number, data[start:place] + content
            place += length
        else:
            place = place + _FIXED[kind] if kind in _FIXED else _varint(data, place)[1]
            yield number, data[start:place]
    if place != len(data):
        raise ValueError("the last field is cut off")


def _varint(data: bytes, place: int) -> tuple[int, int]:
    """A number, and the place behind it."""
    for end in range(place, min(place + 10, len(data))):
        if data[end] < 0x80:
            value = sum((byte & 0x7F) << 7 * n for n, byte in enumerate(data[place : end + 1]))
            return value, end + 1
    raise ValueError("a number has no end")
