"""JSON of a provider, read field by field: an odd field spoils itself alone.

What is handed on stays the text that it came as. A number that no double holds, a lone
surrogate or a value of an unexpected type is noticed only where it is read.
"""

from __future__ import annotations

from typing import Any

import msgspec
from msgspec import Raw

from llmrpc_server.providers.failures import UNDECODABLE

Fields = dict[str, Raw]
"""The fields of an object, each as the text that it was written as."""
NOTHING = Raw(b"")
"""What a field that is not there reads as."""
NULL = Raw(b"null")
ENTRY = 100
"""About the bytes that keeping track of one more thing takes, beside its text."""
_MOST = 2**31 - 1

_decode = msgspec.json.Decoder().decode
_decode_fields = msgspec.json.Decoder(Fields).decode
_decode_list = msgspec.json.Decoder(list[Raw] | None).decode
_decode_text = msgspec.json.Decoder(str).decode
_decode_integer = msgspec.json.Decoder(int).decode


def is_said(raw: Raw) -> bool:
    """Whether a field is there and not null."""
    return bool(raw) and raw != NULL


def read_fields(raw: Raw | str) -> Fields:
    """The fields of an object. Raises one of `UNDECODABLE` for what is none."""
    return _decode_fields(raw)


def object_of(raw: Raw | str) -> Fields:
    """The fields of an object; none for anything else."""
    try:
        return _decode_fields(raw)
    except UNDECODABLE:
        return {}


def list_of(raw: Raw) -> list[Raw] | None:
    """The elements of a list, none where nothing is said; None for what is no list."""
    try:
        return (_decode_list(raw) if raw else None) or []
    except UNDECODABLE:
        return None


def text_of(raw: Raw) -> str:
    """The text; empty for anything else."""
    try:
        return _decode_text(raw)
    except UNDECODABLE:
        return ""


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


def plain_of(raw: Raw) -> Any:
    """What the value decodes to. Raises one of `UNDECODABLE` for what decodes to nothing."""
    return _decode(raw)


def json_of(raw: Raw) -> str:
    """The value as text, to be handed on as it came."""
    return bytes(raw).decode(errors="replace")


def arguments_of(raw: Raw) -> str:
    """The arguments of a call, or a piece of them: text, or at some servers the value itself."""
    if not is_said(raw):
        return ""
    return _decode_text(raw) if is_text(raw) else json_of(raw)
