"""What makes a provider's own options valid: their keys, and values that JSON has."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping

from google.protobuf import struct_pb2

from llmrpc.errors import Violation


def option_violations(options: Mapping[str, struct_pb2.Value]) -> Iterator[Violation]:
    """What is wrong with `provider_options`, by key."""
    for key, value in options.items():
        path = f"provider_options[{key}]"
        provider, _, name = key.partition(".")
        if not (provider and name):
            yield Violation(path, "is written provider.option")
        elif not _is_json(value):
            yield Violation(path, "has a part without a value, or a number that JSON lacks")


def _is_json(value: struct_pb2.Value) -> bool:
    match value.WhichOneof("kind"):
        case None:
            return False
        case "number_value":
            return math.isfinite(value.number_value)
        case "struct_value":
            return all(map(_is_json, value.struct_value.fields.values()))
        case "list_value":
            return all(map(_is_json, value.list_value.values))
        case _:
            return True
