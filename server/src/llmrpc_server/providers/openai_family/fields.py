"""Lenient readers of single fields: an odd one spoils itself alone.

What they read is JSON that is kept as it was written (`providers/kept_json.py`).
"""

from __future__ import annotations

import msgspec
from msgspec import Raw

from llmrpc_server.providers.failures import UNDECODABLE
from llmrpc_server.providers.kept_json import Fields, came, fields_of, says

NULL = Raw(b"null")
ENTRY = 100
"""About the bytes that keeping track of one more thing takes, beside its text."""
_MOST = 2**31 - 1

_decode_list = msgspec.json.Decoder(list[Raw] | None).decode
_decode_text = msgspec.json.Decoder(str).decode
_decode_integer = msgspec.json.Decoder(int).decode


def object_of(raw: Raw | str) -> Fields:
    """The fields of an object; none for anything else."""
    return fields_of(raw) or {}


def list_of(raw: Raw) -> list[Raw] | None:
    """The elements of a list, none where nothing is said; None for what is no list."""
    try:
        return (_decode_list(raw) if raw else None) or []
    except UNDECODABLE:
        return None


def is_text(raw: Raw) -> bool:
    """Whether a value is a text."""
    return bytes(raw).startswith(b'"')


def integer_of(raw: Raw) -> int | None:
    """The integer; None for anything else."""
    try:
        return _decode_integer(raw)
    except UNDECODABLE:
        return None


def count_of(raw: Raw) -> int | None:
    """The count; None for anything else."""
    count = integer_of(raw)
    return count if count is not None and 0 <= count <= _MOST else None


def written(raw: Raw) -> str:
    """The value as text, to be handed on as it came."""
    return bytes(raw).decode(errors="replace")


def model_text(raw: Raw) -> str:
    """A text of the model, empty where nothing is said.

    Raises what `UNDECODABLE` names for a value that is none.
    """
    return _decode_text(raw) if says(raw) else ""


def arguments_of(raw: Raw) -> str:
    """The arguments of a call, or a piece of them: text, or at some servers the value itself.

    Raises what `UNDECODABLE` names for what is no text.
    """
    if not came(raw):
        return ""
    return _decode_text(raw) if is_text(raw) else bytes(raw).decode()
