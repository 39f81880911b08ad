"""Answers with fields of an odd type: what only describes an answer is left out by name.

A reader tries its own decoder first, which is fast. This is for what that one refuses.
"""

from __future__ import annotations

import types
from collections.abc import Callable, Iterable, Sequence
from functools import cache
from typing import Annotated, Any, NamedTuple, TypeVar, Union, cast, get_args, get_origin

import msgspec

from llmrpc_server.providers.dialect import Answer
from llmrpc_server.providers.failures import UNDECODABLE
from llmrpc_server.providers.kept_json import came, read_fields, says

S = TypeVar("S", bound=msgspec.Struct)
Path = str

_LISTS = (list, Sequence)


class _OddContentError(msgspec.ValidationError):
    """The answer itself is of an odd type, however deep it stands."""


class _Field(NamedTuple):
    """One field of a struct, by how its value is read."""

    name: str
    decode: Callable[[bytes], Any]
    inner: type[msgspec.Struct] | None
    """The struct that it holds."""
    many: bool
    """Whether it holds a list of such."""
    whole: bool
    """Whether it is a whole number."""


class _Reading(NamedTuple):
    """How one text is read, and what was left out so far."""

    content: frozenset[str]
    empty: bool
    left_out: list[Path]

    def is_content(self, name: str, raw: msgspec.Raw) -> bool:
        """Whether a field must not be left out."""
        return name in self.content and (says(raw) or not self.empty)


def read_loosely(
    data: bytes | msgspec.Raw,
    kind: type[S],
    content: frozenset[str] = frozenset(),
    *,
    empty: bool = False,
) -> tuple[S, list[Path]]:
    """The struct, and the dotted paths of the fields that could not be read.

    A whole number may be written as 3.0. Fields that the struct does not have are passed
    over. Raises what `UNDECODABLE` names for text that is no object, and for an odd value
    of a field with a name in `content`: that is the answer itself. With `empty` such a
    field may be an empty value of another type.
    """
    reading = _Reading(content, empty, [])
    found = _read(data, kind, reading, "")
    return cast(S, found), reading.left_out


def warn_of(left_out: Iterable[Path], answer: Answer, provider: str) -> None:
    """Warns of fields that were left out: what the provider counted, or said besides."""
    for path in left_out:
        field = "usage" if "usage" in path else "message"
        answer.warn(field, f"{provider} sent {path} as nothing that can be read; dropped")


def _read(
    data: bytes | msgspec.Raw,
    kind: type[msgspec.Struct],
    reading: _Reading,
    place: str,
) -> msgspec.Struct:
    values: dict[str, Any] = {}
    fields = _fields(kind)
    for name, raw in read_fields(data).items():
        field = fields.get(name)
        if field is None or not came(raw):
            continue
        path = f"{place}{name}"
        try:
            values[field.name] = _value(raw, field, reading, path)
        except _OddContentError:
            raise
        except UNDECODABLE as error:
            if reading.is_content(name, raw):
                raise _OddContentError(path) from error
            reading.left_out.append(path)
    return kind(**values)


def _value(raw: msgspec.Raw, field: _Field, reading: _Reading, path: str) -> Any:
    if field.inner is not None:
        start = bytes(raw)[:1]
        if start == b"{" and not field.many:
            return _read(raw, field.inner, reading, f"{path}.")
        if start == b"[" and field.many:
            return _each(raw, field.inner, reading, path)
    try:
        return field.decode(raw)
    except msgspec.ValidationError:
        if not field.whole:
            raise
        return field.decode(b"%d" % _number(raw) if _number(raw).is_integer() else raw)


def _each(
    raw: msgspec.Raw,
    kind: type[msgspec.Struct],
    reading: _Reading,
    path: str,
) -> list[msgspec.Struct]:
    found = []
    for index, item in enumerate(_list(raw)):
        place = f"{path}.{index}"
        try:
            found.append(_read(item, kind, reading, f"{place}."))
        except _OddContentError:
            raise
        except UNDECODABLE as error:
            name = path.rpartition(".")[2]
            if reading.is_content(name, item):
                raise _OddContentError(place) from error
            reading.left_out.append(place)
            if name in reading.content:  # the others keep their places
                found.append(kind())
    return found


_number = msgspec.json.Decoder(float).decode
_list = msgspec.json.Decoder(list[msgspec.Raw]).decode


@cache
def _fields(kind: type[msgspec.Struct]) -> dict[str, _Field]:
    """The fields of a struct by their names in JSON."""
    found = {}
    for field in msgspec.structs.fields(kind):
        members = [*_members(field.type)]
        structs = [each for each in members if _is_struct(each)]
        found[field.encode_name] = _Field(
            field.name,
            msgspec.json.Decoder(field.type).decode,
            structs[0] if structs else None,
            _is_list(field.type),
            int in members,
        )
    return found


def _members(hint: Any) -> Iterable[Any]:
    """The types that a value may have, those of a list's items among them."""
    origin = get_origin(hint)
    if origin in (Union, types.UnionType, *_LISTS):
        for each in get_args(hint):
            yield from _members(each)
    elif origin is Annotated:
        yield from _members(get_args(hint)[0])
    else:
        yield hint


def _is_list(hint: Any) -> bool:
    return any(get_origin(each) in _LISTS for each in (hint, *get_args(hint)))


def _is_struct(hint: Any) -> bool:
    return isinstance(hint, type) and issubclass(hint, msgspec.Struct)
