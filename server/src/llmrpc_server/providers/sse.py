"""Event streams: bytes in, events out, by the WHATWG rules.

Source: https://html.spec.whatwg.org/multipage/server-sent-events.html, sections
"Parsing an event stream" and "Interpreting an event stream".
"""

from __future__ import annotations

import msgspec

from llmrpc import v1 as pb
from llmrpc.errors import ProviderNotAvailableError

_BOM = b"\xef\xbb\xbf"


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

    def _events(self, text: bytes) -> list[Event]:
        events: list[Event] = []
        for block in text.split(b"\n\n"):
            if len(block) > self._max and len(_without_comments(block)) > self._max:
                self.failure = self._too_large()
                break
            if block.startswith(b"data: ") and b"\n" not in block:
                events.append(Event(block[6:]))
            elif (event := _interpret(block)) is not None:
                events.append(event)
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


def _interpret(block: bytes) -> Event | None:
    """The event of these lines; None where they hold no data.

    An error that a server writes without `data:`, as vLLM did, is one all the same.
    """
    name = b""
    data: list[bytes] = []
    for line in block.split(b"\n"):
        field, _, value = line.partition(b":")
        if field == b"data":
            data.append(value.removeprefix(b" "))
        elif field == b"event":
            name = value.removeprefix(b" ")
    if not data:
        bare = block.startswith((b"{", b"[")) and b'"error"' in block
        return Event(block, "error") if bare else None
    return Event(b"\n".join(data), name.decode(errors="replace") or "message")
