"""A caller that speaks HTTP/2 by hand, and so keeps no manners: RFC 9113, RFC 7541."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import Self

PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
DATA, HEADERS, RESET, SETTINGS, PING, GOAWAY, WINDOW = 0, 1, 3, 4, 6, 7, 8
ACK, END_STREAM, END_HEADERS = 1, 1, 4
INITIAL_WINDOW, CANCEL = 4, 8
GENERATE = "/llmrpc.v1.LLMService/Generate"


class Caller:
    """One connection. It answers settings and pings, and gives no window unless told to.

    `async with await Caller.connect(address) as caller`.
    """

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader, self._writer = reader, writer
        self._next = 1
        self._initial = 65535
        self._room = {0: 65535}
        self._more = asyncio.Event()
        self.mute = False
        """Whether pings stay without an answer, as those of a peer that hangs."""
        self.received: dict[int, int] = {}
        """Bytes of answers by stream."""
        self.resets: dict[int, int] = {}
        """The error code of each stream that was reset."""
        self.ended: set[int] = set()
        """Streams that are over, reset ones too."""
        self._reading = asyncio.create_task(self._read())

    @classmethod
    async def connect(cls, address: str, *, window: int = 65535) -> Self:
        """Connects; `window` is what each answer may send before it has to wait."""
        host, _, port = address.rpartition(":")
        caller = cls(*await asyncio.open_connection(host, int(port)))
        caller._writer.write(PREFACE)
        setting = INITIAL_WINDOW.to_bytes(2, "big") + window.to_bytes(4, "big")
        caller._frame(SETTINGS, 0, 0, setting)
        return caller

    def begin(self, method: str = GENERATE, metadata: Mapping[str, str] | None = None) -> int:
        """Sends the headers of a call; gives its stream."""
        stream, self._next = self._next, self._next + 2
        fields = {":method": "POST", ":scheme": "http", ":path": method, ":authority": "x"}
        fields |= {"content-type": "application/grpc", "te": "trailers"} | dict(metadata or {})
        self._room[stream] = self._initial
        self._frame(HEADERS, END_HEADERS, stream, b"".join(map(_field, fields.items())))
        return stream

    async def send(self, stream: int, data: bytes, *, end: bool = False) -> None:
        """Sends data as far as the gateway gives room; returns when all is sent.

        So it hangs while there is none: cancel it. It returns early for a stream that is over.
        """
        sent = 0
        while sent < len(data) and stream not in self.ended:
            self._more.clear()
            size = min(16384, len(data) - sent, self._room[0], self._room[stream])
            if size <= 0:
                await self._more.wait()
                continue
            self._room[0] -= size
            self._room[stream] -= size
            self._frame(DATA, 0, stream, data[sent : sent + size])
            sent += size
            await self._writer.drain()
        if end and stream not in self.ended:
            self._frame(DATA, END_STREAM, stream, b"")

    def reset(self, stream: int) -> None:
        """Takes a call back."""
        self._frame(RESET, 0, stream, CANCEL.to_bytes(4, "big"))

    def give_window(self, size: int, streams: Sequence[int] = ()) -> None:
        """Lets answers go on for so many bytes more."""
        for stream in (0, *streams):
            self._frame(WINDOW, 0, stream, size.to_bytes(4, "big"))

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    async def close(self) -> None:
        self._reading.cancel()
        await asyncio.gather(self._reading, return_exceptions=True)
        self._writer.close()
        with suppress(OSError):
            await self._writer.wait_closed()

    def _frame(self, kind: int, flags: int, stream: int, payload: bytes) -> None:
        head = len(payload).to_bytes(3, "big") + bytes((kind, flags)) + stream.to_bytes(4, "big")
        self._writer.write(head + payload)

    async def _read(self) -> None:
        with suppress(asyncio.IncompleteReadError, OSError):
            while True:
                head = await self._reader.readexactly(9)
                payload = await self._reader.readexactly(int.from_bytes(head[:3], "big"))
                self._take(head[3], head[4], int.from_bytes(head[5:9], "big"), payload)
                self._more.set()
        self.ended.update(self._room)
        self._more.set()

    def _take(self, kind: int, flags: int, stream: int, payload: bytes) -> None:
        if kind == SETTINGS and not flags & ACK:
            for at in range(0, len(payload), 6):
                if int.from_bytes(payload[at : at + 2], "big") == INITIAL_WINDOW:
                    before, self._initial = (
                        self._initial,
                        int.from_bytes(payload[at + 2 : at + 6], "big"),
                    )
                    for each in self._room:
                        self._room[each] += (self._initial - before) if each else 0
            self._frame(SETTINGS, ACK, 0, b"")
        elif kind == PING and not (flags & ACK or self.mute):
            self._frame(PING, ACK, 0, payload)
        elif kind == WINDOW:
            self._room[stream] = self._room.get(stream, 0) + int.from_bytes(payload, "big")
        elif kind == DATA:
            self.received[stream] = self.received.get(stream, 0) + len(payload)
        elif kind == RESET:
            self.resets[stream] = int.from_bytes(payload, "big")
        if kind == RESET or (kind in (DATA, HEADERS) and flags & END_STREAM):
            self.ended.add(stream)


def framed(message: bytes) -> bytes:
    """A message with gRPC's five bytes before it."""
    return b"\0" + len(message).to_bytes(4, "big") + message


def _field(field: tuple[str, str]) -> bytes:
    """A header as a literal that no table keeps: RFC 7541, 6.2.2."""
    return b"\0" + b"".join(_text(text.encode()) for text in field)


def _text(data: bytes) -> bytes:
    if len(data) < 127:
        return bytes((len(data),)) + data
    rest, size = len(data) - 127, b"\x7f"
    while rest > 127:
        size += bytes((rest & 127 | 128,))
        rest >>= 7
    return size + bytes((rest,)) + data
