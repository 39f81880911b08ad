"""Values of `provider_options`, as they go into a request."""

from __future__ import annotations

import json

from google.protobuf import struct_pb2

from llmrpc_server.providers.options import plain

NAMES = [f"name-{number}" for number in range(50)]


def _object(names: list[str]) -> struct_pb2.Value:
    inner = struct_pb2.Value()
    for name in names:
        inner.struct_value.fields[name].number_value = 1
    outer = struct_pb2.Value()
    outer.list_value.values.add().struct_value.fields["inner"].CopyFrom(inner)
    return outer


def test_equal_objects_have_the_same_bytes() -> None:
    """What a provider has cached begins with them, and a map has an order of its own."""
    written = {json.dumps(plain(_object(names))) for names in (NAMES, NAMES[::-1])}
    assert written == {json.dumps([{"inner": dict.fromkeys(sorted(NAMES), 1)}])}
