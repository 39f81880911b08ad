"""A provider that costs next to nothing: fixed bytes over a bare socket.

It speaks as much HTTP/1.1 as `POST /v1/chat/completions` on kept connections
needs, and looks into the request only for its length, `stream` and the model.
"""

from __future__ import annotations

import asyncio
from typing import cast

from benchmarks import answers
from benchmarks.loops import run


def _whole(body: bytes) -> bytes:
    head = "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n"
    return (head % len(body)).encode() + body


def _chunk(data: bytes) -> bytes:
    return b"%x\r\n%s\r\n" % (len(data), data)


UNARY = _whole(answers.unary_body())
STREAM_HEAD = (
    b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n"
)
CHUNKS = [_chunk(event) for event in answers.stream_events()]
STREAM_END = b"0\r\n\r\n"
BURST = b"".join([STREAM_HEAD, *CHUNKS, STREAM_END])


class Connection(asyncio.Protocol):
    """One connection: a request, its answer, the next."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)
        self._pending = b""
        self._paced: asyncio.Task[None] | None = None

    def connection_lost(self, error: Exception | None) -> None:
        if self._paced is not None:
            self._paced.cancel()

    def data_received(self, data: bytes) -> None:
        self._pending += data
        head, separator, rest = self._pending.partition(b"\r\n\r\n")
        if not separator or len(rest) < (length := _content_length(head)):
            return
        body, self._pending = rest[:length], rest[length:]
        compact = body.replace(b": ", b":")
        if b'"stream":true' not in compact:
            self._transport.write(UNARY)
        elif answers.PACED.encode() in compact:
            self._paced = asyncio.create_task(self._pace())
        else:
            self._transport.write(BURST)

    async def _pace(self) -> None:
        """Sends each event in its time, reckoned from the start: no drift."""
        loop = asyncio.get_running_loop()
        start = loop.time()
        self._transport.write(STREAM_HEAD)
        for number, chunk in enumerate(CHUNKS[:-3]):
            await asyncio.sleep(start + number * answers.PACE_SECONDS - loop.time())
            self._transport.write(chunk)
        self._transport.write(b"".join([*CHUNKS[-3:], STREAM_END]))


def _content_length(head: bytes) -> int:
    for line in head.split(b"\r\n"):
        name, _, value = line.partition(b":")
        if name.lower() == b"content-length":
            return int(value)
    raise ValueError("a request without a Content-Length")


async def serve() -> None:
    """Listens on a free port of loopback, which it prints, until the process is ended."""
    loop = asyncio.get_running_loop()
    server = await loop.create_server(Connection, "127.0.0.1", 0, backlog=1024)
    print(f"127.0.0.1:{server.sockets[0].getsockname()[1]}")
    await server.serve_forever()


if __name__ == "__main__":
    run(serve())
