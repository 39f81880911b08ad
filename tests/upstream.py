"""A provider on loopback that does what a test tells it, byte by byte."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncGenerator, Awaitable, Callable, Iterable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from typing import Any


@dataclass
class Exchange:
    """One request, and the connection to answer it on."""

    path: str
    headers: dict[str, str]
    body: bytes
    writer: asyncio.StreamWriter
    closed: asyncio.Event = field(default_factory=asyncio.Event)
    """Set when the gateway has closed the connection."""
    seen: asyncio.Event = field(default_factory=asyncio.Event)
    """For a test to say that the caller has what was sent so far."""

    @property
    def json(self) -> Any:
        return json.loads(self.body)

    async def send(self, data: bytes) -> None:
        self.writer.write(data)
        await self.writer.drain()

    async def answer(self, status: int, body: bytes | str | dict[str, Any], **headers: str) -> None:
        """A whole answer; underscores in header names stand for hyphens."""
        data = json.dumps(body).encode() if isinstance(body, dict) else body
        data = data.encode() if isinstance(data, str) else data
        lines = {"content-type": "application/json", "content-length": str(len(data))}
        lines |= {name.replace("_", "-"): value for name, value in headers.items()}
        head = "".join(f"{name}: {value}\r\n" for name, value in lines.items())
        await self.send(f"HTTP/1.1 {status} Status\r\n{head}\r\n".encode() + data)

    async def start_stream(self) -> None:
        """The head of an event stream, its body in chunks."""
        await self.send(
            b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\n"
            b"transfer-encoding: chunked\r\n\r\n"
        )

    async def chunk(self, data: bytes | str) -> None:
        data = data.encode() if isinstance(data, str) else data
        await self.send(f"{len(data):x}\r\n".encode() + data + b"\r\n")

    async def end_stream(self) -> None:
        await self.send(b"0\r\n\r\n")

    async def stream(self, events: Iterable[bytes | str]) -> None:
        """A whole stream, an event a chunk."""
        await self.start_stream()
        for event in events:
            await self.chunk(event)
        await self.end_stream()

    def break_off(self) -> None:
        """Closes the connection."""
        self.writer.close()


Handler = Callable[[Exchange], Awaitable[None]]


class Upstream:
    """Answers the n-th request with the n-th handler, and later ones with the last."""

    def __init__(self) -> None:
        self.exchanges: list[Exchange] = []
        self.connections = 0
        self.url = ""
        self.serving: dict[asyncio.Task[None], asyncio.StreamWriter] = {}
        self._handlers: list[Handler] = []

    def script(self, *handlers: Handler) -> None:
        self._handlers = list(handlers)
        self.exchanges.clear()

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        task = asyncio.current_task()
        assert task is not None
        self.serving[task] = writer
        task.add_done_callback(self.serving.pop)
        current: Exchange | None = None
        try:
            while head := await reader.readuntil(b"\r\n\r\n"):
                first, *lines = head.decode().rstrip().split("\r\n")
                headers = {k.lower(): v for k, v in (line.split(": ", 1) for line in lines)}
                body = await reader.readexactly(int(headers.get("content-length", 0)))
                current = Exchange(first.split(" ")[1], headers, body, writer)
                place = len(self.exchanges)
                self.exchanges.append(current)
                handler = self._handlers[min(place, len(self._handlers) - 1)]
                work = asyncio.ensure_future(handler(current))
                end = asyncio.ensure_future(_end(reader, work))
                await asyncio.wait({work, end}, return_when=asyncio.FIRST_COMPLETED)
                if not work.done():
                    current.closed.set()
                    with suppress(TimeoutError):
                        await asyncio.wait_for(work, 5)
                end.cancel()
                await work
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            if current is not None:
                current.closed.set()
            writer.close()


async def _end(reader: asyncio.StreamReader, work: asyncio.Future[None]) -> None:
    """Returns when the peer has closed.

    It looks and does not read: what comes next may be another request.
    """
    while not (reader.at_eof() or reader.exception() or work.done()):  # noqa: ASYNC110
        await asyncio.sleep(0.001)


@asynccontextmanager
async def running_upstream() -> AsyncGenerator[Upstream, None]:
    """An upstream that listens on a free port of loopback."""
    upstream = Upstream()
    server = await asyncio.start_server(upstream.serve, "127.0.0.1", 0)
    host, port = server.sockets[0].getsockname()
    upstream.url = f"http://{host}:{port}/v1"
    try:
        yield upstream
    finally:
        server.close()
        serving = dict(upstream.serving)
        for writer in serving.values():
            writer.close()
        if serving:
            await asyncio.wait(serving, timeout=10)


def chat_event(**delta: Any) -> str:
    """A chunk of Chat Completions with this delta."""
    return _event({"delta": delta, "index": 0, "finish_reason": None})


def chat_finish(reason: str = "stop") -> str:
    """The chunk with a finish reason."""
    return _event({"delta": {}, "index": 0, "finish_reason": reason})


def chat_usage(prompt: int = 5, completion: int = 2) -> str:
    """The chunk with the usage, after which `[DONE]` follows."""
    usage = {"prompt_tokens": prompt, "completion_tokens": completion}
    usage["total_tokens"] = prompt + completion
    return _data({"id": "chatcmpl-1", "model": "gpt-4o-mini", "choices": [], "usage": usage})


DONE = "data: [DONE]\n\n"


def chat_answer(content: str = "Hello there", **usage: int) -> dict[str, Any]:
    """A whole answer of Chat Completions."""
    return {
        "id": "chatcmpl-1",
        "object": "chat.completion",
        "created": 1700000000,
        "model": "gpt-4o-mini",
        "choices": [
            {
                "index": 0,
                "message": {"role": "assistant", "content": content},
                "finish_reason": "stop",
            }
        ],
        "usage": {"prompt_tokens": 5, "completion_tokens": 2, "total_tokens": 7} | usage,
    }


def _event(choice: dict[str, Any]) -> str:
    return _data({"id": "chatcmpl-1", "model": "gpt-4o-mini", "choices": [choice]})


def _data(payload: dict[str, Any]) -> str:
    return f"data: {json.dumps(payload)}\n\n"
