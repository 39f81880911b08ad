"""Options of one provider, by the list of its row."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from google.protobuf import struct_pb2

from llmrpc.hints import own_options
from llmrpc_server.providers.openai.target import Target


def add_options(
    body: dict[str, Any], options: Mapping[str, struct_pb2.Value], target: Target
) -> None:
    """Writes the provider's own options; others are left out with a warning."""
    for name, value in own_options(options, target.findings, target.row.options).items():
        body[name] = plain(value)


def plain(value: struct_pb2.Value) -> Any:
    """The value in plain Python; a whole number is an integer."""
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
