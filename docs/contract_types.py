"""The types of the contract: their names, their places on the page, links to them."""

from __future__ import annotations

import re
from collections.abc import Iterator

from google.protobuf.descriptor_pb2 import DescriptorProto, FieldDescriptorProto

from docs.descriptors import contract

_ELSEWHERE = {
    "google.protobuf": "https://protobuf.dev/reference/protobuf/google.protobuf/#{}",
    "google.rpc": "https://github.com/googleapis/googleapis/blob/master/google/rpc/{}.proto",
}
_WORD = re.compile(r"`(?P<code>[A-Za-z_.]+)`|(?<![`\w.])(?P<bare>[A-Z]\w*[a-z][A-Z]\w+)(?![`\w])")


def names() -> frozenset[str]:
    """Every message, enum and service, nested ones as `Attempt.Outcome`."""
    return frozenset(_names())


def _names() -> Iterator[str]:
    for file in contract():
        yield from (service.name for service in file.service)
        yield from (enum.name for enum in file.enum_type)
        for message in file.message_type:
            yield message.name
            yield from (f"{message.name}.{inner.name}" for inner in message.nested_type)
            yield from (f"{message.name}.{inner.name}" for inner in message.enum_type)


def reference(full: str) -> str:
    """A link to a type by its full name, `.llmrpc.v1.Usage` or `.google.rpc.Status`."""
    package, _, name = re.sub(r"^\.(llmrpc\.v\d+|google\.\w+)\.", r"\1 ", full).partition(" ")
    if pattern := _ELSEWHERE.get(package):
        return f"[`{package}.{name}`]({pattern.format(name.lower())})"
    return _link(f"`{name}`", name)


def linked(text: str, own: str) -> str:
    """A comment in which the names of other types lead to them."""
    known = names()

    def replace(match: re.Match[str]) -> str:
        word = match["code"] or match["bare"]
        for name in (word, word.rpartition(".")[0]):
            if name in known and name != own:
                return _link(match[0], name)
        return match[0]

    return _WORD.sub(replace, text)


def _link(text: str, name: str) -> str:
    return f"[{text}](#{name.replace('.', '').lower()})"


def kind(field: FieldDescriptorProto, owner: DescriptorProto) -> str:
    """A field's type, how often it is there, and the oneof it belongs to."""
    entries = {each.name: each for each in owner.nested_type if each.options.map_entry}
    entry = entries.get(field.type_name.rpartition(".")[2])
    if entry is not None:
        return f"map of {_single(entry.field[0])} to {_single(entry.field[1])}"
    if field.label == field.LABEL_REPEATED:
        return f"repeated {_single(field)}"
    if field.proto3_optional:
        return f"optional {_single(field)}"
    if field.HasField("oneof_index"):
        return f"{_single(field)}, one of `{owner.oneof_decl[field.oneof_index].name}`"
    return _single(field)


def _single(field: FieldDescriptorProto) -> str:
    if field.type_name:
        return reference(field.type_name)
    return f"`{FieldDescriptorProto.Type.Name(field.type).removeprefix('TYPE_').lower()}`"
