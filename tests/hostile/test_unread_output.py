"""Standard streams that nobody reads, that are full or closed: the gateway starts and serves."""

from __future__ import annotations

import asyncio
import fcntl
import logging
import os
import sys
import threading
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import grpc
import pytest

from llmrpc.v1.llm_service_pb2_grpc import LLMServiceStub
from llmrpc_server import logs
from llmrpc_server.logs import LogSettings, start_logging
from llmrpc_server.redaction import Redactor
from tests.gateway.conftest import ask
from tests.running import LIMIT, ROOT, until, write_config

STREAMS = {
    "output on a full disk": ">/dev/full",
    "output closed, and input": ">&- <&-",
    "errors on a full disk": "2>/dev/full",
    "all closed": "<&- >&- 2>&-",
    "output and errors that nobody reads": ">&9 2>&9",
}
CALLS = 60
"""Far more log lines than the pipe below takes."""


@pytest.fixture
def full_pipe() -> Iterator[int]:
    """The end of a pipe that takes nothing more, and that nobody reads."""
    reader, writer = os.pipe()
    fcntl.fcntl(writer, fcntl.F_SETPIPE_SZ, 4096)
    os.set_blocking(writer, False)
    with suppress(BlockingIOError):
        while os.write(writer, b"x" * 4096):
            pass
    os.set_blocking(writer, True)
    yield writer
    os.close(reader)
    os.close(writer)


@asynccontextmanager
async def _serving(redirections: str, pipe: int) -> AsyncIterator[Any]:
    """A stub of a gateway with such streams, which must end by itself after SIGTERM."""
    with TemporaryDirectory() as folder:  # its name is short enough for a socket's
        async with _started(Path(folder), redirections, pipe) as stub:
            yield stub


@asynccontextmanager
async def _started(folder: Path, redirections: str, pipe: int) -> AsyncIterator[Any]:
    address = f"unix:{folder}/socket"
    config = write_config(folder, {"listen": {"address": address, "drain_pause": 0}})
    command = f'exec 9>&0 </dev/null; exec "$@" {redirections}'
    process = await asyncio.create_subprocess_exec(
        *("/bin/sh", "-c", command, "sh", sys.executable, "-m", "llmrpc_server"),
        *("--config", str(config)),
        cwd=ROOT,
        env={"PATH": os.environ["PATH"]},
        stdin=pipe,
        stdout=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.DEVNULL,
    )
    try:
        async with grpc.aio.insecure_channel(address) as channel:
            yield LLMServiceStub(channel)
        process.terminate()
        assert await asyncio.wait_for(process.wait(), LIMIT) == 0
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()


@pytest.mark.parametrize("redirections", STREAMS.values(), ids=STREAMS)
async def test_it_starts_serves_and_stops(full_pipe: int, redirections: str) -> None:
    async with _serving(redirections, full_pipe) as stub:
        for _ in range(CALLS):
            call = stub.Generate(ask("Hi"), wait_for_ready=True, timeout=LIMIT)
            assert (await call).content == "Hi"


@pytest.fixture
def _own_logging() -> Iterator[None]:
    """Puts back what `start_logging` replaces."""
    root = logging.getLogger()
    before, level = root.handlers, root.level
    yield
    for handler in root.handlers:
        handler.close()
    root.handlers = before
    root.setLevel(level)


@pytest.mark.usefixtures("_own_logging")
async def test_a_thread_that_logs_holds_nobody_up(
    monkeypatch: pytest.MonkeyPatch, full_pipe: int
) -> None:
    """It waits for who reads; calls, in the event loop, do not wait for it."""
    monkeypatch.setattr(logs, "PATIENCE", 2 * LIMIT)
    waiting = threading.Event()

    class Told(threading.Event):
        def wait(self, timeout: float | None = None) -> bool:
            waiting.set()
            return super().wait(timeout)

    with os.fdopen(os.dup(full_pipe), "w") as stream:
        monkeypatch.setattr(sys, "stderr", stream)
        start_logging(LogSettings(format="json"), Redactor([]))
        root = logging.getLogger()
        (handler,) = root.handlers
        handler._written = Told()  # type: ignore[attr-defined]
        thread = threading.Thread(target=root.warning, args=("from a thread",))
        thread.start()
        try:
            await until(waiting.is_set)
            begun = time.monotonic()
            root.warning("from the event loop")
            assert time.monotonic() - begun < LIMIT
            assert thread.is_alive()
        finally:
            handler._written.set()  # type: ignore[attr-defined]
            thread.join()


@pytest.mark.usefixtures("_own_logging")
async def test_lost_lines_are_told(monkeypatch: pytest.MonkeyPatch) -> None:
    root = logging.getLogger()
    reader, writer = os.pipe()
    fcntl.fcntl(writer, fcntl.F_SETPIPE_SZ, 4096)
    monkeypatch.setattr(logs, "MOST_WAITING", 2000)
    with os.fdopen(writer, "w") as stream, os.fdopen(reader, "rb", buffering=0) as read:
        monkeypatch.setattr(sys, "stderr", stream)
        start_logging(LogSettings(format="json"), Redactor([]))
        for number in range(500):
            root.warning("line %d", number)
        os.set_blocking(reader, False)
        seen = b""

        def told() -> bool:
            nonlocal seen
            seen += read.read() or b""
            return b"log lines were lost" in seen

        await until(told)
        assert b"line 0" in seen
        assert b"line 499" not in seen
        root.warning("after")
        await until(lambda: told() and b"after" in seen)
