"""A result as a line of the output, and back."""

from __future__ import annotations

import io
import json
from collections.abc import Iterator
from typing import BinaryIO, NamedTuple

from google.protobuf import descriptor_pool, json_format

from llmrpc import v1 as pb

_CHUNK = 2**16
_BEGIN = b'{"id": "'


class Record(NamedTuple):
    """A line of the output: where it is, whose it is, and whether it is an answer."""

    offset: int
    length: int
    id: str
    answered: bool


class NotOurs(Exception):  # noqa: N818 - it is the file's, not the program's
    """A file has a line that no batch wrote."""


def to_line(result: pb.BatchResult) -> bytes:
    """The result as canonical JSON, with its end of line."""
    known = descriptor_pool.Default()
    for place in reversed(range(len(result.status.details))):
        try:
            known.FindMessageTypeByName(result.status.details[place].TypeName())
        except KeyError:  # of a newer contract: JSON has no form for it
            del result.status.details[place]
    text = json_format.MessageToJson(result, indent=None, ensure_ascii=False)
    return f"{text}\n".encode()


def records(file: BinaryIO) -> Iterator[Record]:
    """The whole lines of a file from its start; `NotOurs` for any other."""
    file.seek(0)
    offset = 0
    for number, line in enumerate(file, 1):
        if line.strip():
            try:
                yield _record(line, offset)
            except (ValueError, RecursionError):
                raise NotOurs(f"line {number} is no result of a batch") from None
        offset += len(line)


def whole_end(file: BinaryIO) -> tuple[int, bool]:
    """Where the last whole line ends, and whether only its end of line is missing.

    A kill may have left half a line. `NotOurs` where that is no half of a result.
    """
    size = end = file.seek(0, io.SEEK_END)
    tail = b""
    while end and b"\n" not in tail:
        start = max(0, end - _CHUNK)
        file.seek(start)
        tail = file.read(end - start) + tail
        end = start
    tail = tail[tail.rfind(b"\n") + 1 :]
    if not tail:
        return size, False
    try:
        _record(tail, 0)
    except (ValueError, RecursionError):
        if not tail.startswith(_BEGIN[: len(tail)]):
            raise NotOurs("its last line is no result of a batch") from None
        return size - len(tail), False
    return size, True


def _record(line: bytes, offset: int) -> Record:
    value = json.loads(line)
    if not isinstance(value, dict) or not isinstance(value.get("id"), str):
        raise ValueError("no id")  # noqa: TRY004 - like any other line that is not ours
    if not ("response" in value or "status" in value):
        raise ValueError("no outcome")
    return Record(offset, len(line), value["id"], "response" in value)
