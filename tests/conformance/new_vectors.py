"""`python -m tests.conformance.new_vectors`: a wire vector for all that has none yet.

A vector that is there is never written again: its bytes are what clients have on their
disks and in their queues. Every message gets one with all its fields, and one for each
further member of a oneof; the edges are below.
"""

from __future__ import annotations

import base64
import json
import re
import sys
from collections.abc import Iterator
from typing import Any

from google.protobuf import any_pb2, json_format
from google.protobuf.descriptor import Descriptor, FieldDescriptor
from google.protobuf.message import Message
from google.rpc import error_details_pb2

from llmrpc import v1 as pb
from tests.conformance import future
from tests.conformance.vectors import FOLDER

_DEEP = 3
"""Messages inside messages that are filled."""
_INT64 = FieldDescriptor.CPPTYPE_INT64


def messages() -> Iterator[Descriptor]:
    """Every message of the contract, those inside others too."""
    files = {value.DESCRIPTOR.file for value in vars(pb).values() if _is_message(value)}
    for file in sorted(files, key=lambda one: str(one.name)):
        for message in file.message_types_by_name.values():
            yield from _with_inner(message)


def _is_message(value: Any) -> bool:
    return isinstance(value, type) and issubclass(value, Message)


def _with_inner(message: Descriptor) -> Iterator[Descriptor]:
    yield message
    for inner in message.nested_types:
        if not inner.GetOptions().map_entry:
            yield from _with_inner(inner)


def made(full_name: str) -> Any:
    """An empty message of the contract."""
    return getattr(pb, full_name.rpartition(".")[2])()


def _all() -> Iterator[tuple[str, Message]]:
    for descriptor in messages():
        name = _kebab(descriptor.name)
        message = made(descriptor.full_name)
        _fill(message, {}, _DEEP)
        yield f"{name}-every-field", message
        for oneof in descriptor.oneofs:
            real = len(oneof.fields) > 1
            for member in oneof.fields[1:] if real else ():
                other = made(descriptor.full_name)
                _fill(other, {oneof.name: member.name}, _DEEP)
                yield f"{name}-{_kebab(member.name)}", other
    yield from _edges()


def _fill(message: Any, chosen: dict[str, str], deep: int) -> None:
    """Sets every field; of a oneof the chosen member, else the first."""
    for field in message.DESCRIPTOR.fields:
        oneof = field.containing_oneof
        if oneof is not None and field.name != chosen.get(oneof.name, oneof.fields[0].name):
            continue
        inner = field.message_type
        if inner is not None and inner.GetOptions().map_entry:
            _fill_map(message, field, inner)
        elif inner is not None:
            _fill_message(message, field, inner.full_name, deep)
        elif field.is_repeated:
            getattr(message, field.name).extend([_value(field), _value(field)])
        else:
            setattr(message, field.name, _value(field))


def _fill_map(message: Any, field: FieldDescriptor, entry: Descriptor) -> None:
    entries = getattr(message, field.name)
    value = entry.fields_by_name["value"]
    if value.message_type is None:
        entries["a key"] = _value(value)
    else:
        entries["scripted.option"].string_value = "a value"


def _fill_message(message: Any, field: FieldDescriptor, full_name: str, deep: int) -> None:
    inner = getattr(message, field.name)
    for one in [inner.add(), inner.add()] if field.is_repeated else [inner]:
        if not field.is_repeated:
            one.SetInParent()
        if full_name == "google.protobuf.Duration":
            one.FromNanoseconds(3_500_000_000)
        elif full_name == "google.rpc.Status":
            one.code, one.message = 5, "not there 🜁"
        elif deep:
            _fill(one, {}, deep - 1)


def _value(field: FieldDescriptor) -> Any:
    kind = field.cpp_type
    if kind == FieldDescriptor.CPPTYPE_STRING:
        is_bytes = field.type == FieldDescriptor.TYPE_BYTES
        return b"\x00\xff\x80" if is_bytes else f"{field.name} é 🜁"
    if kind == FieldDescriptor.CPPTYPE_BOOL:
        return True
    if kind == FieldDescriptor.CPPTYPE_ENUM:
        assert field.enum_type is not None
        return field.enum_type.values[-1].number
    if kind == FieldDescriptor.CPPTYPE_DOUBLE:
        return field.number + 0.1
    return 2**53 + field.number if kind == _INT64 else 1000 + field.number


def _edges() -> Iterator[tuple[str, Message]]:
    for name, number in (("least", -(2**63)), ("most", 2**63 - 1)):
        yield f"int64-{name}", pb.Cost(total_nano_usd=number, input_nano_usd=number)
    for name, number in (("least", -(2**31)), ("most", 2**31 - 1)):
        yield f"int32-{name}", pb.Usage(input_tokens=number, output_tokens=number)
    yield "seed-least", pb.GenerateRequest(seed=-(2**63))
    for descriptor in messages():
        yield f"{_kebab(descriptor.name)}-empty", made(descriptor.full_name)
        zeros = made(descriptor.full_name)
        if _zero(zeros):
            yield f"{_kebab(descriptor.name)}-zeros", zeros
    yield "unknown-enum", _parsed(pb.LLMResponse(), "50 63")
    # a varint, a fixed64, bytes and a fixed32 under numbers that nobody has yet
    unknown = "c8 3e 07  d1 3e 01 02 03 04 05 06 07 08  da 3e 02 68 69  e5 3e 01 02 03 04"
    yield "unknown-fields", _parsed(pb.Usage(input_tokens=1), unknown)
    inner = _parsed(pb.Part(text="a"), unknown)
    yield "unknown-fields-inside", pb.LLMMessage(role=pb.ROLE_USER, parts=[inner, inner])
    yield "unknown-oneof-member", _parsed(pb.Delta(part_index=1), unknown)
    for descriptor in messages():
        if any(
            field.number >= future.FIRST for field in future.made(descriptor.name).DESCRIPTOR.fields
        ):
            later = future.made(descriptor.name)
            _fill(later, {"kind": "scene"}, _DEEP)
            known = made(descriptor.full_name)
            known.ParseFromString(later.SerializeToString(deterministic=True))
            yield f"future-{_kebab(descriptor.name)}", known
    for name, odd in (("infinite", float("inf")), ("no-number", float("nan"))):
        yield f"double-{name}", pb.GenerateRequest(temperature=odd)
    yield "double-tiny", pb.GenerateRequest(temperature=5e-324, top_p=-0.0, presence_penalty=1e308)
    yield "text-of-many-kinds", pb.LLMMessage(content="\x00\u2028é\ud7ff\uffff𝒳👩‍👧\U0010ffff")
    yield "bytes-of-every-value", pb.Image(data=bytes(range(256)))
    yield "text-long", pb.LLMMessage(content="0123456789" * 2000)
    values: tuple[Any, ...] = (None, True, -1.5, "text", [1, None, [{}]], {"a": {"b": []}})
    for value in values:
        name = "null" if value is None else type(value).__name__
        request = pb.GenerateRequest()
        json_format.ParseDict(value, request.provider_options["scripted.x"])
        yield f"value-{name}", request
    details = pb.BatchResult(id="a")
    details.status.code = 8
    for detail in (
        error_details_pb2.ErrorInfo(reason="RATE_LIMITED", domain="llmrpc", metadata={"a": "b"}),
        pb.ErrorDetails(request_id="r-1", usage=pb.Usage(input_tokens=1)),
    ):
        details.status.details.add().Pack(detail)
    yield "status-with-details", details
    unknown_detail = any_pb2.Any(type_url="type.googleapis.com/a.b.Unknown", value=b"\x08\x01")
    newer = pb.BatchResult(id="b")
    newer.status.details.append(unknown_detail)
    yield "status-with-unknown-details", newer


def _zero(message: Any) -> bool:
    """Makes every field that tells absent from zero there, and zero; whether there is one."""
    found = False
    for field in message.DESCRIPTOR.fields:
        if field.has_presence and field.message_type is None:
            oneof = field.containing_oneof
            if oneof is None or oneof.fields[0] is field or len(oneof.fields) == 1:
                setattr(message, field.name, field.default_value)
                found = True
        elif field.has_presence:
            oneof = field.containing_oneof
            if oneof is None or len(oneof.fields) == 1:
                getattr(message, field.name).SetInParent()
                found = True
    return found


def _parsed(message: Any, more: str) -> Any:
    """The message with these bytes, in hexadecimal, behind its own."""
    message.MergeFromString(bytes.fromhex(more))
    return message


def _kebab(name: str) -> str:
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])|_", "-", name.replace("LLM", "Llm")).lower()


def main() -> None:
    """Writes what is missing, and tells of it."""
    FOLDER.mkdir(exist_ok=True)
    for name, message in _all():
        path = FOLDER / f"{name}.json"
        if path.exists():
            continue
        data = message.SerializeToString(deterministic=True)
        vector: dict[str, Any] = {
            "name": name,
            "message": message.DESCRIPTOR.full_name,
            "bytes": base64.b64encode(data).decode(),
        }
        if not name.startswith("status-"):
            vector["json"] = json_format.MessageToDict(message)
        path.write_text(json.dumps(vector, ensure_ascii=False, indent=1) + "\n")
        sys.stdout.write(f"{path.name}\n")


if __name__ == "__main__":
    main()
