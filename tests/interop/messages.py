"""The messages of `grpc.testing` that the cases use, by their published field numbers.

Only fields that a case sets or reads; the rest of each message is skipped as unknown.
Source: src/proto/grpc/testing/messages.proto of grpc/grpc-proto.
"""

from __future__ import annotations

from typing import Any

from google.protobuf import descriptor_pool, message_factory
from google.protobuf.descriptor_pb2 import FieldDescriptorProto, FileDescriptorProto

PACKAGE = "grpc.testing"
INT32, BYTES, STRING = (
    FieldDescriptorProto.TYPE_INT32,
    FieldDescriptorProto.TYPE_BYTES,
    FieldDescriptorProto.TYPE_STRING,
)
Field = tuple[str, int, "FieldDescriptorProto.Type.ValueType | str"]

FIELDS: dict[str, list[Field]] = {
    "Empty": [],
    "Payload": [("type", 1, INT32), ("body", 2, BYTES)],
    "EchoStatus": [("code", 1, INT32), ("message", 2, STRING)],
    "SimpleRequest": [
        ("response_size", 2, INT32),
        ("payload", 3, "Payload"),
        ("response_status", 7, "EchoStatus"),
    ],
    "SimpleResponse": [("payload", 1, "Payload")],
    "StreamingInputCallRequest": [("payload", 1, "Payload")],
    "StreamingInputCallResponse": [("aggregated_payload_size", 1, INT32)],
    "ResponseParameters": [("size", 1, INT32), ("interval_us", 2, INT32)],
    "StreamingOutputCallRequest": [
        ("response_parameters", 2, "ResponseParameters*"),
        ("payload", 3, "Payload"),
        ("response_status", 7, "EchoStatus"),
    ],
    "StreamingOutputCallResponse": [("payload", 1, "Payload")],
}
"""Name, number and type of each field; a star repeats it."""


def _file() -> FileDescriptorProto:
    file = FileDescriptorProto(name="tests/interop.proto", package=PACKAGE, syntax="proto3")
    for name, fields in FIELDS.items():
        message = file.message_type.add(name=name)
        for key, number, kind in fields:
            field = message.field.add(name=key, number=number)
            field.label = FieldDescriptorProto.LABEL_OPTIONAL
            if isinstance(kind, str):
                field.type = FieldDescriptorProto.TYPE_MESSAGE
                field.type_name = f".{PACKAGE}.{kind.rstrip('*')}"
                if kind.endswith("*"):
                    field.label = FieldDescriptorProto.LABEL_REPEATED
            else:
                field.type = kind
    return file


_POOL = descriptor_pool.DescriptorPool()
_POOL.Add(_file())


def message(name: str) -> Any:
    """The class of a message."""
    return message_factory.GetMessageClass(_POOL.FindMessageTypeByName(f"{PACKAGE}.{name}"))
