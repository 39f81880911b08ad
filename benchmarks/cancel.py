"""`python -m benchmarks.cancel`: how fast a cancelled call closes its upstream.

The provider sends a token every 2 ms and would go on for 20 s; the caller cancels
after some of them. What is measured lies between the caller's `cancel()` and the
provider's seeing the connection closed, both in this process, on one clock.
"""

from __future__ import annotations

import argparse
import asyncio
import statistics
import time
from pathlib import Path
from typing import Any

import grpc

from benchmarks.processes import python, serving
from benchmarks.report import machine, with_table
from benchmarks.systems import SYSTEMS
from llmrpc import v1 as pb
from llmrpc.v1.llm_service_pb2_grpc import LLMServiceStub

CALLS = 50
TOKENS = 10_000
PACE_SECONDS = 0.002
DOCS = Path(__file__).parent.parent / "docs" / "performance.md"
MARKS = (
    "<!-- python -m benchmarks.cancel --docs writes from here -->",
    "<!-- cancel: to here -->",
)
_HEAD = b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n"
_TOKEN = b'data: {"choices": [{"index": 0, "delta": {"content": "x"}}]}\n\n'
_CHUNK = b"%x\r\n%s\r\n" % (len(_TOKEN), _TOKEN)


class Provider:
    """Streams slowly, and notes when its caller went away."""

    def __init__(self) -> None:
        self.sent = 0
        self.closed: asyncio.Future[float] = asyncio.get_running_loop().create_future()

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(_HEAD)
        sending = asyncio.create_task(self._send(writer))
        try:
            while await reader.read(65536):
                pass
        except ConnectionError:
            pass
        self.closed.set_result(time.monotonic())
        sending.cancel()
        writer.close()

    async def _send(self, writer: asyncio.StreamWriter) -> None:
        while self.sent < TOKENS:
            writer.write(_CHUNK)
            self.sent += 1
            await asyncio.sleep(PACE_SECONDS)


async def once(stub: Any, provider: Provider, after: int) -> float:
    """Milliseconds from the cancel behind the n-th event to the closed connection."""
    message = pb.LLMMessage(role=pb.ROLE_USER, content="Count.")
    call = stub.StreamText(pb.GenerateRequest(messages=[message], model="openai/gpt-4"))
    for _ in range(after):
        await call.read()
    start = time.monotonic()
    call.cancel()
    async with asyncio.timeout(10):
        closed = await provider.closed
    assert provider.sent < TOKENS, "the provider had no tokens left to send"
    return (closed - start) * 1000


async def measure(calls: int) -> list[float]:
    """The milliseconds of so many calls, one after the other."""
    providers: list[Provider] = []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await providers[-1].serve(reader, writer)

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    upstream = server.sockets[0].getsockname()[1]
    gateway = next(system for system in SYSTEMS if system.name == "gateway")
    times = []
    async with (
        server,
        python(gateway.arguments(upstream), gateway.variables(upstream), serving) as process,
        grpc.aio.insecure_channel(f"127.0.0.1:{process.port}") as channel,
    ):
        for number in range(calls):
            providers.append(Provider())
            times.append(await once(LLMServiceStub(channel), providers[-1], 1 + number % 5))
    return times


def table(times: list[float]) -> str:
    """The figures in milliseconds."""
    ordered = sorted(times)
    figures = {
        "minimum": ordered[0],
        "median": statistics.median(ordered),
        "95th percentile": ordered[int(0.95 * (len(ordered) - 1))],
        "maximum": ordered[-1],
    }
    about = ", ".join(f"{name} {value}" for name, value in machine().items())
    return "\n".join(
        [
            "| ms from cancel to closed upstream | " + " | ".join(figures) + " |",
            "| --- |" + " --- |" * len(figures),
            "| llmrpc | " + " | ".join(f"{value:.1f}" for value in figures.values()) + " |",
            "",
            f"{len(times)} calls; {about}.",
        ]
    )


def main() -> None:
    """Prints the figures."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.cancel", description=__doc__)
    parser.add_argument("--calls", type=int, default=CALLS, help="default: %(default)s")
    parser.add_argument("--docs", action="store_true", help=f"write them into {DOCS.name}")
    options = parser.parse_args()
    text = table(asyncio.run(measure(options.calls)))
    print(text)
    if options.docs:
        page = DOCS.read_text(encoding="utf-8")
        DOCS.write_text(with_table(page, text, MARKS), encoding="utf-8")


if __name__ == "__main__":
    main()
