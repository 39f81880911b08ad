"""JSON that is handed on as its author wrote it: only what is looked at is decoded.

So a number that no float holds, a duplicate key or the order of the fields costs nothing.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from typing import Any, TypeVar

import msgspec

from llmrpc_server.providers.failures import UNDECODABLE

NOTHING = msgspec.Raw()
"""A field that did not come."""

Fields = dict[str, msgspec.Raw]
"""The fields of an object by their names, each as it was written."""

Text = str | bytes | msgspec.Raw

T = TypeVar("T")

_HIGH = rb"\\u[dD][89abAB][0-9a-fA-F]{2}"
_LOW = rb"\\u[dD][c-fC-F][0-9a-fA-F]{2}"
_HALF = re.compile(rb"%b(?!%b)|(?<!%b)%b" % (_HIGH, _LOW, _HIGH, _LOW))
"""An escape that is one half of a surrogate pair, without the other."""
_BACKSLASH = rb"\\"
"""An escape that the start of another one may not be looked for in."""
_NO_NUMBERS = re.compile(rb'"[^"\\]*+(?:\\.[^"\\]*+)*+"?|-?Infinity|NaN', re.DOTALL)
"""Strings, open ones too, and numbers that JSON lacks; nothing is tried twice."""
_BESIDE = re.compile(
    rb'"(?:id|item_id|model|modelVersion|object|responseId|role|service_tier|status'
    rb'|system_fingerprint|(?:native_)?finish_reason|finishReason|stop_reason)"'
    rb'\s*+:\s*+"[^"\\]*+(?:\\.[^"\\]*+)*+"',
    re.DOTALL,
)
"""Fields that only describe an answer."""
_OBJECT_OF_CALL = re.compile(rb'"(?:arguments|args|input)"\s*:\s*\{')
"""Where fields with these names may be content."""
_SURROGATES, _PRIVATE = 0xD800, 0xE000
HALVES = "{} sent half of a surrogate pair, which is no text; U+FFFD stands for it"
"""The warning of what `decode_whole` replaced."""
_EMPTY = (b"", b"null", b"{}", b"[]", b'""', b"0", b"false")

CLOSES = (b"}", b"]")
"""How an object and a list end."""

read_fields = msgspec.json.Decoder(Fields).decode
"""The fields of an object. Raises what `UNDECODABLE` names for other text."""
_string = msgspec.json.Decoder(str).decode
_any = msgspec.json.Decoder(msgspec.Raw).decode


def decode_whole(decode: Callable[[bytes], T], data: bytes) -> tuple[T, bytes]:
    """What the data decodes to, and the data as it was read: itself, or a mended copy.

    Somebody who cuts a text by UTF-16 units writes half a surrogate pair, which is no text:
    U+FFFD stands for it. NaN and the infinities, which JSON lacks, become the texts that
    protocol buffers write for them. Bytes that are no UTF-8 in a field that only describes an
    answer become U+FFFD. Raises what `decode` raises.
    """
    data = beside_as_text(data)
    try:
        return decode(data), data
    except UNDECODABLE:
        mended = _without_halves(data)
        if b"NaN" in mended or b"Infinity" in mended:
            mended = _NO_NUMBERS.sub(_quoted, mended)
        if mended == data:
            raise
        return decode(mended), mended


def has_half(data: bytes) -> bool:
    """Whether JSON holds half a surrogate pair."""
    return _without_halves(data) != data


def mark_halves(data: bytes) -> bytes:
    """The data with a mark for each half of a pair: a noncharacter, and one that tells which."""
    return _replaced(_marked, data)


def beside_as_text(data: bytes) -> bytes:
    """The data with U+FFFD for bytes that are no UTF-8, in fields that only describe an answer."""
    if data.isascii():
        return data
    try:
        data.decode()
    except UnicodeDecodeError:
        if not _OBJECT_OF_CALL.search(data):
            return _BESIDE.sub(_as_text, data)
    return data


def _as_text(found: re.Match[bytes]) -> bytes:
    return found[0].decode(errors="replace").encode()


def _marked(half: re.Match[bytes]) -> bytes:
    return b"\\ufdd0\\u%04x" % (int(half[0].removeprefix(rb"\u"), 16) + _PRIVATE - _SURROGATES)


def _without_halves(data: bytes) -> bytes:
    return _replaced(rb"\\ufffd", data)


def _replaced(half: bytes | Callable[[re.Match[bytes]], bytes], data: bytes) -> bytes:
    """The data with something else for each half of a pair."""
    pieces = data.split(_BACKSLASH)
    return _BACKSLASH.join(_HALF.sub(half, each) if rb"\u" in each else each for each in pieces)


def _quoted(found: re.Match[bytes]) -> bytes:
    text = found[0]
    return text if text.startswith(b'"') else b'"%b"' % text


def fields_of(text: Text) -> Fields | None:
    """The fields of an object; None for other text."""
    try:
        return read_fields(text)
    except UNDECODABLE:
        return None


def json_of(text: bytes) -> msgspec.Raw | None:
    """The text as JSON, with U+FFFD for half a surrogate pair; None for what is none."""
    try:
        return _any(text)
    except UNDECODABLE:
        pass
    try:
        return _any(_without_halves(text))
    except UNDECODABLE:
        return None


def write_fields(fields: Mapping[str, Any]) -> str:
    """The object with these fields, as JSON text."""
    return msgspec.json.encode(fields).decode()


def is_closed(body: bytes) -> bool:
    """Whether a body is JSON from its first bracket to its last, as a lenient reader sees it."""
    if not body.lstrip().startswith((b"{", b"[")):
        return False
    try:
        json.loads(body)
    except (ValueError, RecursionError):
        return False
    return True


def came(raw: msgspec.Raw) -> bool:
    """Whether a field came with a value other than null."""
    return raw is not NOTHING and bytes(raw) not in (b"", b"null")


def says(raw: msgspec.Raw) -> bool:
    """Whether a field came with a value that is not empty, zero or false."""
    return raw is not NOTHING and bytes(raw) not in _EMPTY


def string(raw: Text) -> str:
    """A string's value; empty for everything else."""
    try:
        return _string(raw)
    except UNDECODABLE:
        return ""


def plain(raw: Text) -> Any:
    """What JSON decodes to; text that cannot be decoded stays text."""
    try:
        return msgspec.json.decode(raw)
    except UNDECODABLE:
        return raw if isinstance(raw, str) else bytes(raw).decode(errors="replace")
