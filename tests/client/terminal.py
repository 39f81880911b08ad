"""The command line as a person runs it, as a process: in a pipe, or on a terminal."""

from __future__ import annotations

import asyncio
import contextlib
import fcntl
import os
import pty
import struct
import sys
import termios
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from tests.running import LIMIT

_PROGRAM = "from llmrpc.cli import main; main()"
# The child makes the terminal its own, so that Ctrl-C there is a signal to it.
_ON_TERMINAL = f"import fcntl, termios; fcntl.ioctl(0, termios.TIOCSCTTY, 0); {_PROGRAM}"
BASE_ENVIRONMENT = {"TERM": "xterm", "COLUMNS": "100"}
"""What every environment of the command has."""


@dataclass(frozen=True)
class Done:
    code: int
    out: str
    err: str


def _environment(extra: dict[str, str] | None = None) -> dict[str, str]:
    kept = {key: value for key, value in os.environ.items() if not key.startswith("LLMRPC_")}
    return {**kept, **BASE_ENVIRONMENT, **(extra or {})}


async def start(
    *arguments: str, stdin: int = asyncio.subprocess.DEVNULL, env: dict[str, str] | None = None
) -> asyncio.subprocess.Process:
    """Starts the command with pipes for its output."""
    return await asyncio.create_subprocess_exec(
        sys.executable,
        "-c",
        _PROGRAM,
        *arguments,
        stdin=stdin,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        env=_environment(env),
    )


async def run_process(
    *arguments: str, given: str | None = None, env: dict[str, str] | None = None
) -> Done:
    """Runs the command to its end; `given` is piped in."""
    pipe = asyncio.subprocess.DEVNULL if given is None else asyncio.subprocess.PIPE
    process = await start(*arguments, stdin=pipe, env=env)
    async with asyncio.timeout(LIMIT):
        out, err = await process.communicate(None if given is None else given.encode())
    assert process.returncode is not None
    return Done(process.returncode, out.decode(), err.decode())


class Screen:
    """A pseudo-terminal: what is typed on it, and what it has shown."""

    def __init__(self, master: int) -> None:
        self.screen = ""
        self._master = master
        self._seen = 0
        self._grown = asyncio.Event()
        asyncio.get_running_loop().add_reader(master, self._read)

    def type(self, text: str) -> None:
        self.write(text.encode())

    def write(self, data: bytes) -> None:
        os.write(self._master, data)

    async def expect(self, text: str) -> None:
        """Waits until the text stands behind all that was expected before."""
        try:
            async with asyncio.timeout(LIMIT):
                while (at := self.screen.find(text, self._seen)) < 0:
                    self._grown.clear()
                    await self._grown.wait()
        except TimeoutError:
            raise AssertionError(f"no {text!r} in {self.screen[self._seen :]!r}") from None
        self._seen = at + len(text)

    def close(self) -> None:
        """Takes what is still to be shown, once nobody is left who writes."""
        asyncio.get_running_loop().remove_reader(self._master)
        while self._read():
            pass
        os.close(self._master)

    def _read(self) -> bool:
        """Whether more may come."""
        try:
            data = os.read(self._master, 65536)
        except OSError:  # what Linux says when the other side is closed
            data = b""
        if not data:
            asyncio.get_running_loop().remove_reader(self._master)
        self.screen += data.decode(errors="replace")
        self._grown.set()
        return bool(data)


class Terminal(Screen):
    """A pseudo-terminal with the command on it, as a process."""

    def __init__(self, master: int, process: asyncio.subprocess.Process) -> None:
        super().__init__(master)
        self.process = process

    def asleep(self) -> bool:
        """Whether the command's main thread waits, as Linux tells it."""
        stat = Path(f"/proc/{self.process.pid}/stat").read_text()
        return stat.rpartition(")")[2].split()[0] == "S"

    async def wait(self) -> int:
        async with asyncio.timeout(LIMIT):
            return await self.process.wait()


def new_terminal() -> tuple[int, int]:
    """A pseudo-terminal of a common size: the end that shows, and the command's."""
    master, slave = pty.openpty()
    fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", 40, 120, 0, 0))
    return master, slave


@contextlib.asynccontextmanager
async def terminal(
    arguments: Sequence[str], env: dict[str, str] | None = None
) -> AsyncIterator[Terminal]:
    """The command on a terminal of its own, ended with the block."""
    master, slave = new_terminal()
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-c",
        _ON_TERMINAL,
        *arguments,
        stdin=slave,
        stdout=slave,
        stderr=slave,
        start_new_session=True,
        env=_environment(env),
    )
    os.close(slave)
    shown = Terminal(master, process)
    try:
        yield shown
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
        shown.close()
