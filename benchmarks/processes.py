"""Processes under measurement: started, found ready, read, and ended by their id."""

from __future__ import annotations

import asyncio
import os
import re
import signal
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Callable, Coroutine, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import grpc
from grpc_health.v1 import health_pb2

READY_SECONDS = 60.0
STOP_SECONDS = 10.0
_ROOT = Path(__file__).parent.parent
_INHERITED = ("HOME", "LANG", "PATH", "PYTHONPATH", "TMPDIR")


@dataclass(frozen=True, slots=True)
class Process:
    """A running process."""

    pid: int
    port: int
    seconds_to_ready: float

    def cpu_seconds(self) -> float:
        """User and system time so far of all its threads.

        From its CPU-time clock: clock_getcpuclockid(3), which Linux numbers so.
        """
        return time.clock_gettime(~self.pid << 3 | 2)

    def resident_bytes(self) -> int:
        """Memory that it has in RAM: proc_pid_statm(5)."""
        pages = int(Path(f"/proc/{self.pid}/statm").read_text(encoding="ascii").split()[1])
        return pages * os.sysconf("SC_PAGESIZE")


@asynccontextmanager
async def python(
    arguments: Sequence[str],
    variables: Mapping[str, str],
    ready: Callable[[int], Coroutine[Any, Any, int]],
) -> AsyncIterator[Process]:
    """A Python program that is `ready` when the block begins and ended when it ends.

    `ready` takes the descriptor of the file that it writes to, and gives its port. It
    has an environment of its own: of ours it gets what finds programs and packages,
    and it writes at once. Raises `RuntimeError`, with what it wrote, if it ends by itself
    before it is ready.
    """
    inherited = {name: os.environ[name] for name in _INHERITED if name in os.environ}
    start = time.monotonic()
    with tempfile.TemporaryFile() as output:
        child = await asyncio.create_subprocess_exec(
            sys.executable,
            *arguments,
            cwd=_ROOT,
            env={**inherited, "PYTHONUNBUFFERED": "1", **variables},
            stdout=output,
            stderr=output,
        )
        try:
            port = await _until(ready(output.fileno()), child)
            if port is None:
                said = _written(output.fileno())
                raise RuntimeError(f"{arguments} ended with code {child.returncode}:\n{said}")
            yield Process(child.pid, port, time.monotonic() - start)
        finally:
            await _end(child)


async def _until(ready: Coroutine[Any, Any, int], child: asyncio.subprocess.Process) -> int | None:
    """The port, or None if the child ends before it is ready; waits for neither for ever."""
    starting, ending = asyncio.create_task(ready), asyncio.create_task(child.wait())
    try:
        async with asyncio.timeout(READY_SECONDS):
            await asyncio.wait({starting, ending}, return_when=asyncio.FIRST_COMPLETED)
        return starting.result() if starting.done() else None
    finally:
        for task in (starting, ending):
            task.cancel()
        await asyncio.gather(starting, ending, return_exceptions=True)


async def _end(child: asyncio.subprocess.Process) -> None:
    if child.returncode is not None:
        return
    child.send_signal(signal.SIGTERM)
    try:
        async with asyncio.timeout(STOP_SECONDS):
            await child.wait()
    except TimeoutError:
        child.kill()
        await child.wait()


async def listening(output: int) -> int:
    """The port on loopback, once the program has written it."""
    while not (found := re.search(r"127\.0\.0\.1:(\d+)\s", _written(output))):  # noqa: ASYNC110 - a file tells nothing
        await asyncio.sleep(0.02)
    return int(found[1])


async def serving(output: int) -> int:
    """The port, once the health service answers SERVING for the whole server."""
    port = await listening(output)
    request = health_pb2.HealthCheckRequest()
    while True:
        async with grpc.aio.insecure_channel(f"127.0.0.1:{port}") as channel:
            check = channel.unary_unary(
                "/grpc.health.v1.Health/Check",
                request_serializer=health_pb2.HealthCheckRequest.SerializeToString,
                response_deserializer=health_pb2.HealthCheckResponse.FromString,
            )
            with suppress(grpc.aio.AioRpcError):
                answer = await check(request, timeout=1)
                if answer.status == health_pb2.HealthCheckResponse.SERVING:
                    return port
        await asyncio.sleep(0.02)


def _written(output: int) -> str:
    """All that a program has written; read so that its own place in the file stays."""
    return os.pread(output, os.fstat(output).st_size, 0).decode(errors="replace")
