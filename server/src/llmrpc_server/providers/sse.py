"""Event streams: bytes in, events out, by the WHATWG rules.

Source: https://html.spec.whatwg.org/multipage/server-sent-events.html, sections
"Parsing an event stream" and "Interpreting an event stream".
"""

from __future__ import annotations

import re
from functools import lru_cache

import msgspec

from llmrpc import v1 as pb
from llmrpc.errors import ProviderNotAvailableError

_BOM = b"\xef\xbb\xbf"
ERROR, PING = "error", "ping"
"""What events are called that hold an error, and those that only keep a connection alive."""
PINGS = frozenset({"ping", "keepalive", "keep-alive", "heartbeat"})
_EXCEPTION = "exception"
"""How AWS's names of errors end."""
_ENDS = (b"[DONE]", b"DONE")
_LONGEST_END = 16
_FIELD = re.compile(rb"(?:[a-z][a-z0-9_-]*)?:")
"""How lines begin that are comments, or fields, also unknown ones."""
_MOST_STRAY = 4096
"""Bytes that are kept of lines that are of no event."""


class Event(msgspec.Struct, frozen=True, gc=False):
    """One dispatched event; `id` and `retry` fields are read and forgotten."""

    data: bytes
    name: str = "message"


class EventDecoder:
    """Cuts one stream into events, wherever its reads were split.

    Lines end at LF, CRLF or CR and nowhere else. An event that is not finished
    when the input ends is never dispatched. Every byte is copied a fixed number
    of times, however small the reads are.
    """

    __slots__ = (
        "_after_cr",
        "_checked_at",
        "_head",
        "_max",
        "_pending",
        "_size",
        "_start",
        "_stray",
        "failure",
    )

    def __init__(self, max_event_bytes: int) -> None:
        self._max = max_event_bytes
        self._start = True
        self._head = b""
        self._after_cr = False
        self._pending: list[bytes] = []
        self._size = 0
        self._checked_at = max_event_bytes
        self._stray = b""
        self.failure: ProviderNotAvailableError | None = None

    def feed(self, data: bytes) -> list[Event]:
        """The events that this read completes.

        For an event above the bound, which counts its lines but no comments, an error
        stands in `failure`; what came before it in the same read is given.
        """
        if self._start:
            data = self._without_bom(data)
        if self._after_cr and data:
            self._after_cr = False
            data = data.removeprefix(b"\n")
        if b"\r" in data:
            self._after_cr = data.endswith(b"\r")
            data = data.replace(b"\r\n", b"\n").replace(b"\r", b"\n")
        if not data:
            return []
        pending = self._pending
        if b"\n\n" not in data and not (
            data.startswith(b"\n") and pending and pending[-1].endswith(b"\n")
        ):
            pending.append(data)
            self._size += len(data)
            if self._size > self._checked_at:
                self._compact()
            return []
        if pending:
            pending.append(data)
            data = b"".join(pending)
            pending.clear()
        finished, _, rest = data.rpartition(b"\n\n")
        if rest:
            pending.append(rest)
        self._size = len(rest)
        self._checked_at = self._max
        events = self._events(finished)
        if self._size > self._max:
            self._compact()
        return events

    def rest(self) -> bytes:
        """What came behind the last event, and is none so far."""
        return b"".join(self._pending)

    def last(self) -> list[Event]:
        """The same as an event, for an input that ended without its blank line."""
        return self._events(self.rest())

    def stray(self) -> bytes:
        """The last lines that were of no event, without comments and fields."""
        lines = self._stray.split(b"\n")
        return b"\n".join(line for line in lines if not _FIELD.match(line))

    def _events(self, text: bytes) -> list[Event]:
        events: list[Event] = []
        for block in text.split(b"\n\n"):
            if len(block) > self._max and len(_without_comments(block)) > self._max:
                self.failure = self._too_large()
                break
            if block.startswith(b"data: ") and b"\n" not in block:
                events.append(Event(block[6:]))
            elif found := _interpret(block):
                events += found
            elif block and not block.startswith(b":"):
                self._stray = block[:_MOST_STRAY]
        return events

    def _without_bom(self, data: bytes) -> bytes:
        """Holds the first bytes back until they are known to be a BOM or not."""
        data = self._head + data
        if len(data) < len(_BOM) and _BOM.startswith(data):
            self._head = data
            return b""
        self._start = False
        self._head = b""
        return data.removeprefix(_BOM)

    def _compact(self) -> None:
        """Forgets comments, which may go on for as long as a stream is idle."""
        text = _without_comments(b"".join(self._pending))
        if len(text) > self._max:
            self.failure = self._too_large()
        self._pending = [text] if text else []
        self._size = len(text)
        self._checked_at = self._size + self._max

    def _too_large(self) -> ProviderNotAvailableError:
        error = ProviderNotAvailableError(
            f"an event of the provider's stream is larger than {self._max} bytes",
            reason=pb.ERROR_REASON_PROVIDER_RESPONSE_INVALID,
        )
        error.retryable = False
        return error


def _without_comments(text: bytes) -> bytes:
    """All lines but finished comments; the last line may be unfinished."""
    *lines, last = text.split(b"\n")
    return b"\n".join([*(line for line in lines if not line.startswith(b":")), last])


def _interpret(block: bytes) -> list[Event]:
    """The event of these lines; none where they hold no data.

    An error that a server writes without `data:` is one all the same, as JSON at vLLM and as
    a field of its own at llama.cpp. Lines of data each of which is an object are an event each:
    some servers leave the blank lines between them out.
    """
    name = b""
    data: list[bytes] = []
    names: list[bytes] = []
    for line in block.split(b"\n"):
        field, _, value = line.partition(b":")
        if field == b"data":
            data.append(value.removeprefix(b" "))
            names.append(name)
        elif field == b"event":
            name = value.removeprefix(b" ")
        elif field == b"error":
            return [Event(value.removeprefix(b" "), ERROR)]
    if not data:
        bare = block.startswith((b"{", b"[")) and b'"error"' in block
        return [Event(block, ERROR)] if bare else []
    if len(data) > 1 and all(map(_is_one, data)):
        return [Event(each, _named(own)) for each, own in zip(data, names, strict=True)]
    return [Event(b"\n".join(data), _named(name))]


def lines_of(body: bytes) -> list[bytes]:
    """The objects of a body that has one on each line; nothing for any other."""
    if b"\n" not in body and b"\r" not in body:
        return []
    stripped = (line.removeprefix(b"data:").strip() for line in body.splitlines())
    lines = [line for line in stripped if line]
    return lines if len(lines) > 1 and all(map(_is_one, lines)) else []


def is_end(data: bytes) -> bool:
    """Whether the data of an event is OpenAI's mark of the end, however it is written."""
    return data.startswith(_ENDS[0]) or (
        len(data) <= _LONGEST_END and data.strip(b' \t\r"').upper() in _ENDS
    )


def _is_one(line: bytes) -> bool:
    """Whether a line of data is all of an event's: an object, or the mark of the end."""
    if not (line.startswith(b"{") and line.endswith(b"}")):
        return is_end(line)
    try:
        msgspec.json.decode(line, type=msgspec.Raw)
    except msgspec.DecodeError:
        return False
    return True


@lru_cache(256)
def _named(name: bytes) -> str:
    """The name of an event: errors and keep-alives have one name each."""
    text = name.decode(errors="replace")
    plain = text.lower().replace("_", "-")
    if plain in PINGS:
        return PING
    return ERROR if plain == ERROR or plain.endswith(_EXCEPTION) else text or "message"
