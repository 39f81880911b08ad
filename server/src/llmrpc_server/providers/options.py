"""Values of `provider_options`, in plain Python."""

from __future__ import annotations

from typing import Any

from google.protobuf import struct_pb2


def plain(value: struct_pb2.Value) -> Any:
    """The value; a whole number is an integer."""
    match value.WhichOneof("kind"):
        case "number_value":
            number = value.number_value
            return int(number) if number.is_integer() else number
        case "string_value":
            return value.string_value
        case "bool_value":
            return value.bool_value
        case "struct_value":
            return {name: plain(inner) for name, inner in value.struct_value.fields.items()}
        case "list_value":
            return [plain(inner) for inner in value.list_value.values]
        case _:
            return None
