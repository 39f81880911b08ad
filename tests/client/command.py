"""The command line called in this process, on streams and in an environment of its own.

What only a process has (signals, an end by force, readers that leave, standard input by its
number, what gRPC itself says) is in `terminal.py`.
"""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import AsyncIterator, Callable, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager, chdir, closing, contextmanager
from io import TextIOWrapper
from pathlib import Path
from tempfile import TemporaryFile
from typing import IO
from unittest import mock

import pytest

from llmrpc.cli import main
from tests.client.terminal import BASE_ENVIRONMENT, Done, Screen, new_terminal
from tests.running import LIMIT


async def run(
    *arguments: str, given: str | bytes | None = None, env: Mapping[str, str] | None = None
) -> Done:
    """Runs the command to its end; `given` is piped in."""
    return await called(lambda: command(arguments), given=given, env=env)


def command(arguments: Sequence[str]) -> int:
    """Calls what the console script calls; the exit code."""
    words = ["llmrpc", *arguments]
    # The hook is Typer's, which sets it and leaves it.
    hook = mock.patch.object(sys, "excepthook", sys.excepthook)
    with hook, mock.patch.object(sys, "argv", words), pytest.raises(SystemExit) as ended:
        main()
    assert isinstance(ended.value.code, int)
    return ended.value.code


async def called(
    work: Callable[[], int],
    *,
    given: str | bytes | None = None,
    env: Mapping[str, str] | None = None,
    folder: Path | None = None,
) -> Done:
    """Does the work of a program; what it wrote, and its exit code.

    It sees the environment of `env` alone. It has a thread, since it makes an event loop
    and the gateway of a test lives in the one that runs already.
    """
    with _given(given) as stdin, TemporaryFile() as out, TemporaryFile() as err:
        with chdir(folder or Path.cwd()), _lent((stdin, out, err), env or {}):
            code = await _in_thread(work)
        texts = []
        for file in (out, err):
            file.seek(0)
            texts.append(file.read().decode())
    return Done(code, *texts)


class Called(Screen):
    """A pseudo-terminal with the command on it, in a thread."""

    code: asyncio.Task[int]

    async def wait(self) -> int:
        return await self.code


@asynccontextmanager
async def screen(
    arguments: Sequence[str], env: Mapping[str, str] | None = None
) -> AsyncIterator[Called]:
    """The command on a terminal that sends it no signals, until it ends."""
    master, slave = new_terminal()
    stdin, out, err = os.fdopen(slave, "rb"), *(os.fdopen(os.dup(slave), "wb") for _ in "ab")
    with closing(Called(master)) as shown, stdin, out, err, _lent((stdin, out, err), env or {}):
        shown.code = asyncio.create_task(_in_thread(lambda: command(arguments)))
        try:
            yield shown
            await shown.code
        finally:
            shown.code.cancel()


async def _in_thread(work: Callable[[], int]) -> int:
    async with asyncio.timeout(LIMIT):
        return await asyncio.to_thread(work)


@contextmanager
def _given(text: str | bytes | None) -> Iterator[IO[bytes]]:
    """Standard input: a pipe that holds the text, or nothing."""
    if text is None:
        with Path(os.devnull).open("rb") as nothing:
            yield nothing
        return
    reader, writer = os.pipe()
    with os.fdopen(reader, "rb") as pipe:
        with os.fdopen(writer, "wb") as end:
            end.write(text.encode() if isinstance(text, str) else text)
        yield pipe


@contextmanager
def _lent(files: Sequence[IO[bytes]], env: Mapping[str, str]) -> Iterator[None]:
    """Standard streams on these files, coded as Python codes them, and this environment."""
    stdin, stdout, stderr = (
        TextIOWrapper(file, "utf-8", errors, line_buffering=file.isatty())
        for file, errors in zip(files, ("strict", "strict", "backslashreplace"), strict=True)
    )
    try:
        with (
            mock.patch.multiple(sys, stdin=stdin, stdout=stdout, stderr=stderr),
            mock.patch.dict(os.environ, {**BASE_ENVIRONMENT, **env}, clear=True),
        ):
            yield
    finally:
        for stream in (stdin, stdout, stderr):
            stream.detach()
