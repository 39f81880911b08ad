"""A contract of the future: v1, and what a later release may add to it. For tests alone.

It is built from the committed contract, so it stays v1 plus these additions whatever v1
becomes. The numbers from 100 on are free in every message and enum of v1.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import Any

from google.protobuf import descriptor_pb2, descriptor_pool, message_factory
from google.protobuf.descriptor import FileDescriptor

from llmrpc.v1 import llm_service_pb2

PACKAGE = "llmrpc.v1"
_Field = descriptor_pb2.FieldDescriptorProto

FIRST = 100
"""The first number that v1 has nowhere."""
SCENE = "Scene"
"""A message that v1 does not have."""
FIELDS: Mapping[str, tuple[tuple[str, str], ...]] = {
    "Part": (("kind.scene", SCENE), ("mood", "string"), ("links", SCENE)),
    "ToolCall": (("deadline", SCENE),),
    "ProviderBlock": (("mood", "string"),),
    "Annotation": (("mood", "string"),),
    "LLMMessage": (("mood", "string"),),
    "LLMResponse": (("mood", "string"), ("scene", SCENE)),
    "Usage": (("scenes", "int32"),),
    "StreamEvent": (("mood", "string"), ("scene", SCENE)),
    "Delta": (("kind.scene", SCENE), ("mood", "string")),
    SCENE: (("uri", "string"), ("seconds", "int32"), ("data", "bytes")),
}
"""The fields that are added, from 100 on: `oneof.name` for a member of a oneof, and the type."""
VALUES = {
    "FinishReason": "FINISH_REASON_LATER",
    "Waiting.Reason": "REASON_LATER",
    "Modality": "MODALITY_LATER",
}
"""The enum values that are added, each as 100."""
_TYPES = {
    "string": _Field.TYPE_STRING,
    "int32": _Field.TYPE_INT32,
    "bytes": _Field.TYPE_BYTES,
}


def made(name: str) -> Any:
    """An empty message of the future contract, by the name without its package."""
    return message_factory.GetMessageClass(_pool().FindMessageTypeByName(f"{PACKAGE}.{name}"))()


@cache
def _pool() -> descriptor_pool.DescriptorPool:
    pool = descriptor_pool.DescriptorPool()
    for file in _files(llm_service_pb2.DESCRIPTOR):
        proto = descriptor_pb2.FileDescriptorProto()
        file.CopyToProto(proto)
        if file.package == PACKAGE:
            _add(proto)
        pool.Add(proto)
    return pool


def _files(last: FileDescriptor) -> list[FileDescriptor]:
    """The file and all that it imports, each after what it imports itself."""
    found: dict[str, FileDescriptor] = {}

    def visit(file: FileDescriptor) -> None:
        for needed in file.dependencies:
            visit(needed)
        found.setdefault(str(file.name), file)

    visit(last)
    return list(found.values())


def _add(proto: descriptor_pb2.FileDescriptorProto) -> None:
    """Adds to one file what belongs to its messages and enums."""
    if any(message.name == "Part" for message in proto.message_type):
        proto.message_type.add(name=SCENE)
    for message in proto.message_type:
        oneofs = [oneof.name for oneof in message.oneof_decl]
        for number, (path, kind) in enumerate(FIELDS.get(message.name, ()), FIRST):
            oneof, _, name = path.rpartition(".")
            field = message.field.add(name=name, number=number, label=_Field.LABEL_OPTIONAL)
            if kind in _TYPES:
                field.type = _TYPES[kind]
            else:
                field.type, field.type_name = _Field.TYPE_MESSAGE, f".{PACKAGE}.{kind}"
            if oneof:
                field.oneof_index = oneofs.index(oneof)
        for enum in message.enum_type:
            _add_value(enum, f"{message.name}.{enum.name}")
    for enum in proto.enum_type:
        _add_value(enum, enum.name)


def _add_value(enum: descriptor_pb2.EnumDescriptorProto, name: str) -> None:
    if name in VALUES:
        enum.value.add(name=VALUES[name], number=FIRST)
