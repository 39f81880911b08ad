"""Processes under measurement: started, found ready, read, and ended by their id."""

from __future__ import annotations

import asyncio
import os
import signal
import socket
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


def free_port() -> int:
    """A loopback port that nothing listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@asynccontextmanager
async def python(
    arguments: Sequence[str],
    variables: Mapping[str, str],
    ready: Callable[[], Coroutine[Any, Any, object]],
) -> AsyncIterator[Process]:
    """A Python program that is `ready` when the block begins and ended when it ends.

    It has an environment of its own: of ours it gets what finds programs and
    packages. Raises `RuntimeError`, with what it wrote, if it ends by itself
    before it is ready.
    """
    inherited = {name: os.environ[name] for name in _INHERITED if name in os.environ}
    start = time.monotonic()
    with tempfile.TemporaryFile() as output:
        child = await asyncio.create_subprocess_exec(
            sys.executable,
            *arguments,
            cwd=_ROOT,
            env={**inherited, **variables},
            stdout=output,
            stderr=output,
        )
        try:
            await _until(ready(), child)
            if child.returncode is not None:
                output.seek(0)
                said = output.read().decode(errors="replace")
                raise RuntimeError(f"{arguments} ended with code {child.returncode}:\n{said}")
            yield Process(child.pid, time.monotonic() - start)
        finally:
            await _end(child)


async def _until(ready: Coroutine[Any, Any, object], child: asyncio.subprocess.Process) -> None:
    """Waits for the first of the two, but not for ever."""
    tasks = {asyncio.create_task(ready), asyncio.create_task(child.wait())}
    try:
        async with asyncio.timeout(READY_SECONDS):
            await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


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


async def serving(port: int) -> None:
    """Waits until the health service answers SERVING for the whole server."""
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
                    return
        await asyncio.sleep(0.02)


async def listening(port: int) -> None:
    """Waits until a connection is taken."""
    while True:
        try:
            _, writer = await asyncio.open_connection("127.0.0.1", port)
        except OSError:
            await asyncio.sleep(0.02)
        else:
            writer.close()
            await writer.wait_closed()
            return
