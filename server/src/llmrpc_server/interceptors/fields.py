"""How many fields a message has, found on the wire before anything is made of it.

An empty message inside of another takes two bytes there and a hundred in memory.
"""

from __future__ import annotations

from functools import cache
from typing import Any

MOST_FIELDS = 128 * 1024
"""Fields of a request, those of messages inside of it among them. A request at all its other
bounds, with 8,192 annotations, has less."""
_VARINT, _BYTES = 0, 2
_FIXED = {1: 8, 5: 4}
"""Bytes of the other types that have a value."""


def has_too_many_fields(data: bytes, descriptor: Any) -> bool:
    """Whether it is more than `MOST_FIELDS`; of malformed data, as far as it can be read."""
    if len(data) <= 2 * MOST_FIELDS:  # a field takes two bytes at least
        return False
    try:
        return _too_many(data, descriptor)
    except IndexError:  # it ends inside of a field, or is none
        return False


def _too_many(data: bytes, descriptor: Any) -> bool:
    left = MOST_FIELDS
    waiting = [(0, len(data), descriptor)]
    while waiting:
        at, end, kind = waiting.pop()
        inner = _messages(kind)
        while at < end:
            left -= 1
            if left < 0:
                return True
            tag = data[at]
            at += 1
            if tag > 0x7F:
                tag, at = _rest(data, at, tag)
            wire = tag & 7
            if wire == _BYTES:
                size = data[at]
                at += 1
                if size > 0x7F:
                    size, at = _rest(data, at, size)
                if tag >> 3 in inner:
                    if (message := inner[tag >> 3]) is None:
                        left -= size
                    else:
                        waiting.append((at, min(end, at + size), message))
                at += size
            elif wire == _VARINT:
                at += 1
                if data[at - 1] > 0x7F:
                    _, at = _rest(data, at, 0)
            else:
                at += _FIXED.get(wire, 0)
    return left < 0


def _rest(data: bytes, at: int, first: int) -> tuple[int, int]:
    """The value of a varint that goes on, and where it ends. Raises `IndexError` if it does not."""
    value = first & 0x7F
    for shift in range(7, 70, 7):
        byte = data[at]
        at += 1
        value |= (byte & 0x7F) << shift
        if byte <= 0x7F:
            return value, at
    raise IndexError


@cache
def _messages(descriptor: Any) -> dict[int, Any]:
    """The fields that hold messages, by their numbers; None for one that holds packed numbers."""
    return {
        each.number: each.message_type
        for each in descriptor.fields
        if each.message_type or each.is_packed
    }
