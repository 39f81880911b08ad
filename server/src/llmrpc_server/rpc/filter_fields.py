"""One restriction of a filter: a field of a message, compared with a value.

A value that is absent equals nothing and is neither greater nor less, so of all
restrictions on it `!=` alone holds. Strings are compared by code point and `*` stands
for any text in `=`, `!=` and `:`.
"""

from __future__ import annotations

import operator
import re
from collections.abc import Callable, Iterator
from difflib import get_close_matches
from typing import Any

from google.protobuf.descriptor import Descriptor, FieldDescriptor
from google.protobuf.message import Message

from llmrpc_server.rpc.filter_words import FilterError, Word

Test = Callable[[Message], bool]

_ORDER: dict[str, Callable[[Any, Any], bool]] = {
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}
_INTEGER = re.compile(r"[+-]?\d{1,19}")
_DECIMAL = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d{1,3})?")


def is_true(word: Word, kind: Descriptor) -> Test:
    """A field alone: a yes or no that is yes."""
    path = _path(word, kind)
    field = path[-1]
    if field.is_repeated or field.cpp_type != FieldDescriptor.CPPTYPE_BOOL:
        raise FilterError(
            word.place,
            f"{word.text} is no yes or no; compare it with a value, or write {word.text}:*",
        )
    return lambda message: _value(message, path) is True


def compared(word: Word, sign: str, value: Word, kind: Descriptor) -> Test:
    """A field and what it must be."""
    path = _path(word, kind)
    field = path[-1]
    if sign == ":" and value.text == "*" and value.kind == "text":
        return lambda message: _is_there(message, path)
    if field.is_repeated or field.message_type is not None:
        if sign != ":":
            raise FilterError(word.place, f"{word.text} takes ':' alone, not {sign!r}")
        if field.message_type is not None:
            inner = (*path, *_path(value, field.message_type))
            return lambda message: _is_there(message, inner)
        equals = _equals(field, value)
        return lambda message: any(equals(each) for each in _value(message, path) or ())
    if sign in _ORDER:
        return _ordered(path, sign, value)
    equals = _equals(field, value)

    def test(message: Message) -> bool:
        found = _value(message, path)
        return (found is not None and equals(found)) != (sign == "!=")

    return test


def _ordered(path: tuple[FieldDescriptor, ...], sign: str, value: Word) -> Test:
    field, compare = path[-1], _ORDER[sign]
    if field.cpp_type == FieldDescriptor.CPPTYPE_BOOL:
        raise FilterError(value.place, f"{field.name} is true or false, and has no order")
    if field.cpp_type == FieldDescriptor.CPPTYPE_STRING:
        if "*" in value.text:
            raise FilterError(value.place, f"'*' goes with =, != and ':', not with {sign!r}")
        wanted: Any = value.text
    else:
        wanted = _number(field, value)

    def test(message: Message) -> bool:
        found = _value(message, path)
        return found is not None and compare(found, wanted)

    return test


def _equals(field: FieldDescriptor, value: Word) -> Callable[[Any], bool]:
    match field.cpp_type:
        case FieldDescriptor.CPPTYPE_STRING:
            pieces = value.text.split("*")
            return lambda found: _matches(found, pieces)
        case FieldDescriptor.CPPTYPE_BOOL:
            if value.text not in ("true", "false"):
                raise FilterError(value.place, f"{field.name} is true or false, not {value}")
            wanted: Any = value.text == "true"
        case FieldDescriptor.CPPTYPE_ENUM:
            wanted = _enum(field, value)
        case _:
            wanted = _number(field, value)
    return lambda found: bool(found == wanted)


def _matches(found: str, pieces: list[str]) -> bool:
    """Whether the pieces, with anything between them, make the whole text."""
    first, *middle = pieces
    if not middle:
        return found == first
    last = middle.pop()
    if len(found) < len(first) + len(last) or not found.startswith(first):
        return False
    place, end = len(first), len(found) - len(last)
    for piece in middle:
        place = found.find(piece, place, end)
        if place < 0:
            return False
        place += len(piece)
    return found.endswith(last)


def _number(field: FieldDescriptor, value: Word) -> int | float:
    if _INTEGER.fullmatch(value.text):
        return int(value.text)
    if _DECIMAL.fullmatch(value.text):
        return float(value.text)
    raise FilterError(value.place, f"{field.name} is a number, and {value} is none")


def _enum(field: FieldDescriptor, value: Word) -> int:
    """A value of an enum, by its name without the enum's prefix."""
    values = field.enum_type.values if field.enum_type is not None else []
    prefix = values[0].name.removesuffix("UNSPECIFIED")
    known = {each.name.removeprefix(prefix): each.number for each in values[1:]}
    if value.text not in known:
        raise FilterError(value.place, f"{field.name} is one of {', '.join(known)}, not {value}")
    return known[value.text]


def _path(word: Word, kind: Descriptor) -> tuple[FieldDescriptor, ...]:
    """The fields from the message down to the one that is named."""
    fields: list[FieldDescriptor] = []
    inner: Descriptor | None = kind
    place = word.place
    for name in word.text.split("."):
        if inner is None:
            raise FilterError(place, f"{fields[-1].name} has no fields of its own")
        if name not in inner.fields_by_name:
            raise FilterError(place, _unknown(name, inner))
        fields.append(inner.fields_by_name[name])
        inner = None if fields[-1].is_repeated else fields[-1].message_type
        place += len(name) + 1
    return tuple(fields)


def _unknown(name: str, kind: Descriptor) -> str:
    if name.upper() in ("AND", "OR", "NOT"):
        return f"{name!r} is written in capitals: {name.upper()}"
    known = list(kind.fields_by_name)
    if close := get_close_matches(name[:64], known, 1):
        return f"there is no field {name[:64]!r}; did you mean {close[0]}?"
    return f"there is no field {name[:64]!r}; there is {', '.join(known)}"


def _owners(message: Message, path: tuple[FieldDescriptor, ...]) -> Iterator[Message]:
    """The message that holds the last field; nothing where one on the way is absent."""
    for field in path[:-1]:
        if not message.HasField(field.name):
            return
        message = getattr(message, field.name)
    yield message


def _value(message: Message, path: tuple[FieldDescriptor, ...]) -> Any:
    """What the field holds; None where it is absent."""
    field = path[-1]
    for owner in _owners(message, path):
        if not field.has_presence or owner.HasField(field.name):
            return getattr(owner, field.name)
    return None


def _is_there(message: Message, path: tuple[FieldDescriptor, ...]) -> bool:
    """As the AIP has it: a field without presence is there when it is not the default."""
    field = path[-1]
    for owner in _owners(message, path):
        return owner.HasField(field.name) if field.has_presence else bool(_value(message, path))
    return False
