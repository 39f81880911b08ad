"""Messages of a gateway that is newer than this client, made field by field.

A future contract has kinds of parts and deltas, and fields, that today's lacks; on the
wire they are only numbers. 100 is a number that v1 does not use anywhere.
"""

from __future__ import annotations

import io

from google.protobuf.internal import encoder

from llmrpc import v1 as pb

FUTURE = 100


def bytes_field(number: int, value: bytes) -> bytes:
    """A field of the wire type for bytes, text and messages."""
    written = io.BytesIO()
    encoder.BytesEncoder(number, is_repeated=False, is_packed=False)(written.write, value, True)
    return written.getvalue()


def unknown_part(data: bytes = b"news") -> pb.Part:
    """A part of a kind that this client does not know."""
    return pb.Part.FromString(bytes_field(FUTURE, data))


def unknown_delta(index: int, data: bytes = b"news") -> pb.Delta:
    """A delta of a kind that this client does not know."""
    known = pb.Delta(part_index=index).SerializeToString()
    return pb.Delta.FromString(known + bytes_field(FUTURE, data))


def with_unknown_field(part: pb.Part, data: bytes = b"news") -> pb.Part:
    """The part with a field that this client does not know, also inside what it holds."""
    changed = pb.Part.FromString(part.SerializeToString() + bytes_field(FUTURE, data))
    if changed.HasField("tool_call"):
        inner = changed.tool_call.SerializeToString() + bytes_field(FUTURE, data)
        changed.tool_call.ParseFromString(inner)
    return changed
