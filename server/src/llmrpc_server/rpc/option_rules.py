"""What makes a provider's own options valid: their keys, and values that JSON has."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping

from google.protobuf import struct_pb2

from llmrpc.errors import Violation
from llmrpc_server.words import over_limit

MOST_LETTERS = 256
"""Of a key."""
MOST_VALUES = 4096
"""Of all options together, those inside lists and objects included."""


def option_violations(options: Mapping[str, struct_pb2.Value]) -> Iterator[Violation]:
    """What is wrong with `provider_options`, by key."""
    left = MOST_VALUES
    for key, option in options.items():
        path = f"provider_options[{key[:MOST_LETTERS]}]"
        provider, _, name = key.partition(".")
        if not (provider and name):
            yield Violation(path, "must be written as provider.option")
            continue
        if len(key) > MOST_LETTERS:
            yield Violation(path, f"the key {over_limit(MOST_LETTERS)}")
            continue
        for value in _nested(option):
            left -= 1
            if left < 0:
                yield Violation(path, over_limit(MOST_VALUES, "values in all options"))
                return
            if not _is_json(value):
                yield Violation(
                    path, "must be JSON: each of its values set, and each number finite"
                )
                break


def _nested(value: struct_pb2.Value) -> Iterator[struct_pb2.Value]:
    """The value and all inside it; protobuf itself bounds how deep they nest."""
    yield value
    kind = value.WhichOneof("kind")
    if kind == "struct_value":
        for inner in value.struct_value.fields.values():
            yield from _nested(inner)
    elif kind == "list_value":
        for inner in value.list_value.values:
            yield from _nested(inner)


def _is_json(value: struct_pb2.Value) -> bool:
    kind = value.WhichOneof("kind")
    return kind is not None and (kind != "number_value" or math.isfinite(value.number_value))
