"""The reference of the contract, from the comments in its files."""

from __future__ import annotations

import re
from collections.abc import Iterator

from google.protobuf.descriptor_pb2 import (
    DescriptorProto,
    EnumDescriptorProto,
    FileDescriptorProto,
    ServiceDescriptorProto,
)

from docs.contract_types import kind, linked, reference
from docs.descriptors import Comments, contract
from docs.table import table

ORDER = ("llm_service", "request", "message", "response", "usage", "model", "error")
"""The order in which a newcomer reads the files; new files come after them."""

# The numbers of the fields of descriptor.proto, of which paths are made.
_SYNTAX, _MESSAGE, _ENUM, _SERVICE = 12, 4, 5, 6
_FIELD, _NESTED, _NESTED_ENUM, _ONEOF = 2, 3, 4, 8
_METHOD = _VALUE = 2


def reference_page() -> str:
    """Every service, message and enum, file by file."""
    return "\n\n".join(block for file in sorted(contract(), key=_place) for block in _file(file))


def index() -> str:
    """A line of links for each file."""
    return "\n".join(
        f"- `{file.name}`: "
        + ", ".join(reference(f".{file.package}.{name}") for name in _contents(file))
        for file in sorted(contract(), key=_place)
    )


def _place(file: FileDescriptorProto) -> tuple[int, str]:
    name = file.name.rpartition("/")[2].removesuffix(".proto")
    return (ORDER.index(name) if name in ORDER else len(ORDER)), name


def _contents(file: FileDescriptorProto) -> Iterator[str]:
    yield from (service.name for service in file.service)
    for message in file.message_type:
        yield message.name
        yield from (f"{message.name}.{inner.name}" for inner in message.enum_type)
    yield from (enum.name for enum in file.enum_type)


def _file(file: FileDescriptorProto) -> Iterator[str]:
    comments = Comments(file)
    yield f"## `{file.name}`\n\n{linked(comments.line(_SYNTAX), '')}"
    for number, service in enumerate(file.service):
        yield from _service(service, comments, _SERVICE, number)
    for number, message in enumerate(file.message_type):
        yield from _message(message, message.name, comments, _MESSAGE, number)
    for number, enum in enumerate(file.enum_type):
        yield from _enum(enum, enum.name, comments, _ENUM, number)


def _head(name: str, comments: Comments, *path: int) -> str:
    said = (linked(each, name) for each in comments.paragraphs(*path))
    return "\n\n".join((f"### {name}", *said))


def _meaning(comments: Comments, name: str, *path: int) -> str:
    """A comment without the name with which it begins, which is in another cell."""
    text = re.sub(rf"^{name} ((is|are) )?", "", comments.line(*path))
    return text[:1].upper() + text[1:]


def _service(service: ServiceDescriptorProto, comments: Comments, *path: int) -> Iterator[str]:
    yield _head(service.name, comments, *path)
    rows = [
        [
            f"`{method.name}`",
            ("stream of " if method.client_streaming else "") + reference(method.input_type),
            ("stream of " if method.server_streaming else "") + reference(method.output_type),
            linked(_meaning(comments, method.name, *path, _METHOD, number), service.name),
        ]
        for number, method in enumerate(service.method)
    ]
    yield table(["method", "request", "response", "meaning"], rows)


def _message(message: DescriptorProto, name: str, comments: Comments, *path: int) -> Iterator[str]:
    yield _head(name, comments, *path)
    for number, oneof in enumerate(message.oneof_decl):
        if not oneof.name.startswith("_"):
            said = linked(_meaning(comments, oneof.name, *path, _ONEOF, number), name)
            yield f"Oneof `{oneof.name}`: {said}"
    rows = [
        [
            f"`{field.name}`",
            str(field.number),
            kind(field, message),
            linked(_meaning(comments, field.name, *path, _FIELD, number), name),
        ]
        for number, field in enumerate(message.field)
    ]
    yield table(["field", "number", "type", "meaning"], rows) if rows else "It has no fields."
    for number, inner in enumerate(message.nested_type):
        if not inner.options.map_entry:
            yield from _message(inner, f"{name}.{inner.name}", comments, *path, _NESTED, number)
    for number, enum in enumerate(message.enum_type):
        yield from _enum(enum, f"{name}.{enum.name}", comments, *path, _NESTED_ENUM, number)


def _enum(enum: EnumDescriptorProto, name: str, comments: Comments, *path: int) -> Iterator[str]:
    yield _head(name, comments, *path)
    rows = [
        [f"`{value.name}`", str(value.number), linked(comments.line(*path, _VALUE, number), name)]
        for number, value in enumerate(enum.value)
    ]
    yield table(["value", "number", "meaning"], rows)
