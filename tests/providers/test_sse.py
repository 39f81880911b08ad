"""Event streams, against a plain reading of the WHATWG rules."""

from __future__ import annotations

import re
from itertools import combinations

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from llmrpc.errors import ProviderNotAvailableError
from llmrpc_server.providers.sse import Event, EventDecoder

ALPHABET = [
    b"data:", b"data", b"data: ", b"event: e", b"event:", b"id: 1", b"retry: 5", b":", b" ", b"x",
    b"\n", b"\r", b"\r\n", b"\xef\xbb\xbf", "\u2028".encode(), b"\x85", b"\x0b", b"\x0c", b"\x00",
]  # fmt: skip


def by_the_rules(stream: bytes) -> list[Event]:
    """The events, read line by line as the specification words it."""
    stream = stream.removeprefix(b"\xef\xbb\xbf")
    *lines, _unfinished = re.split(rb"\r\n|\n|\r", stream)
    events: list[Event] = []
    name, data = b"", b""
    for line in lines:
        if not line:
            if data:
                events.append(Event(data[:-1], name.decode(errors="replace") or "message"))
            name, data = b"", b""
        elif line.startswith(b":"):
            pass
        else:
            field, _, value = line.partition(b":")
            value = value.removeprefix(b" ")
            if field == b"event":
                name = value
            elif field == b"data":
                data += value + b"\n"
    return events


def read(*pieces: bytes, bound: int = 1 << 20) -> list[Event]:
    decoder = EventDecoder(bound)
    events = []
    for piece in pieces:
        events += decoder.feed(piece)
        if decoder.failure is not None:
            raise decoder.failure
    return events


@given(st.lists(st.lists(st.sampled_from(ALPHABET)).map(b"".join)))
@example([b"data: a\r", b"\n\r", b"\ndata: b\n\n"])
@example([b"\xef", b"\xbb\xbf", b"data: a\n\n"])
@example([b"\xef\xbb", b"data: a\n\n"])
def test_any_bytes_split_anywhere_are_read_by_the_rules(pieces: list[bytes]) -> None:
    stream = b"".join(pieces)
    assert read(*pieces) == by_the_rules(stream)
    assert read(*(stream[i : i + 1] for i in range(len(stream)))) == by_the_rules(stream)


EVERYTHING = (
    b"\xef\xbb\xbf: c\r\n\r\ndata: a\r\n\r\nevent: e\r\ndata:b\r\ndata\r\n\r\n"
    b"data: \xe2\x80\xa8\n: c\n\ndata: c\r\rid: 1\rdata: d\r\rretry: 5\n\ndata:\n\ndata: e"
)


def test_a_stream_of_everything_is_read_at_every_two_splits() -> None:
    wanted = by_the_rules(EVERYTHING)
    assert len(wanted) == 6
    for first, second in combinations(range(len(EVERYTHING) + 1), 2):
        pieces = EVERYTHING[:first], EVERYTHING[first:second], EVERYTHING[second:]
        assert read(*pieces) == wanted, pieces


@pytest.mark.parametrize(
    ("stream", "events"),
    [
        (b"data: YHOO\ndata: +2\ndata: 10\n\n", [Event(b"YHOO\n+2\n10")]),
        (b": test stream\n\ndata: first event\nid: 1\n\n", [Event(b"first event")]),
        (b"data:second event\nid\n\n", [Event(b"second event")]),
        (b"data:  third event\n\n", [Event(b" third event")]),
        (b"data\n\ndata\ndata\n\ndata:", [Event(b""), Event(b"\n")]),
        (b"data:test\n\ndata: test\n\n", [Event(b"test"), Event(b"test")]),
        (b"event: error\ndata: x\n\n", [Event(b"x", "error")]),
        (b"event: ping\n\nid: 3\n\nretry: 10\n\n", []),
        (b"data: never finished\n", []),
    ],
)
def test_the_examples_of_the_specification(stream: bytes, events: list[Event]) -> None:
    assert read(stream) == events


def test_a_character_is_not_a_line_end_because_python_thinks_so() -> None:
    text = "a\u2028b\u2029c\u0085d\x0be\x0cf\x1cg"
    assert read(f"data: {text}\n\n".encode()) == [Event(text.encode())]


@pytest.mark.parametrize("step", [1, 7, 1 << 20])
def test_an_event_above_the_bound_is_refused_with_the_bound_named(step: int) -> None:
    fits = b"data: " + b"x" * 94
    assert read(fits + b"\n\n", bound=100) == [Event(b"x" * 94)]
    stream = b"data: ok\n\n" + fits + b"x\n\n"
    pieces = [stream[i : i + step] for i in range(0, len(stream), step)]
    with pytest.raises(ProviderNotAvailableError, match="larger than 100 bytes") as caught:
        read(*pieces, bound=100)
    assert caught.value.reason_name == "PROVIDER_RESPONSE_INVALID"


def test_a_line_that_never_ends_is_refused() -> None:
    with pytest.raises(ProviderNotAvailableError):
        read(*[b"data: x"] * 1000, bound=1000)


def test_comments_may_go_on_for_ever() -> None:
    decoder = EventDecoder(1000)
    for _ in range(10_000):
        assert decoder.feed(b": keep-alive\n") == []
    assert decoder.feed(b"data: x\n\n") == [Event(b"x")]
