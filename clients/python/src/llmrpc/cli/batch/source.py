"""The lines of the input: a file that can be read twice, or a stream that cannot."""

from __future__ import annotations

import asyncio
import os
import stat
import threading
from collections.abc import AsyncGenerator, Iterator
from concurrent.futures import CancelledError
from contextlib import suppress
from pathlib import Path
from typing import BinaryIO

from llmrpc.channel import MAX_MESSAGE_BYTES
from llmrpc.cli.output import Misuse

Numbered = tuple[int, bytes]
_AHEAD = 64
"""Lines of a stream that are read before they are asked for."""


class Source:
    """The input by its path; `-` is standard input. `Misuse` where it cannot be read."""

    def __init__(self, path: str) -> None:
        self.path = path
        try:
            self._file = open(0 if path == "-" else path, "rb", closefd=path != "-")  # noqa: SIM115 - a thread may read it to the end of the process
            self.twice = path != "-" and stat.S_ISREG(os.fstat(self._file.fileno()).st_mode)
            """Whether it can be read a second time."""
        except OSError as error:
            raise Misuse(f"{path}: {error.strerror or error}") from None

    def lines(self) -> Iterator[Numbered]:
        """All lines of a file, from its start."""
        self._file.seek(0)
        return _lines(self._file, self.path)

    async def stream(self) -> AsyncGenerator[Numbered, None]:
        """The lines as they come, read in a thread: nobody knows when the next one does."""
        if self.twice:
            for line in self.lines():
                yield line
            return
        loop = asyncio.get_running_loop()
        queue = asyncio.Queue[Numbered | Misuse | None](_AHEAD)

        def put(item: Numbered | Misuse | None) -> None:
            asyncio.run_coroutine_threadsafe(queue.put(item), loop).result()

        def read() -> None:
            # The loop may be gone before the stream is.
            with suppress(RuntimeError, CancelledError):
                try:
                    for line in _lines(self._file, self.path):
                        put(line)
                except Misuse as error:
                    put(error)
                put(None)

        threading.Thread(target=read, name="llmrpc-batch-input", daemon=True).start()
        while (item := await queue.get()) is not None:
            if isinstance(item, Misuse):
                raise item
            yield item

    def close(self) -> None:
        """Closes a file; a stream stays open for the thread that may wait for its next line."""
        if self.twice:
            self._file.close()

    def same_as(self, path: Path) -> bool:
        """Whether this is the file at the path."""
        with suppress(OSError):
            return self.twice and os.path.samestat(os.fstat(self._file.fileno()), path.stat())
        return False


def _lines(file: BinaryIO, name: str) -> Iterator[Numbered]:
    number = 0
    try:
        while line := file.readline(MAX_MESSAGE_BYTES + 1):
            number += 1
            if len(line) > MAX_MESSAGE_BYTES:
                raise Misuse(f"{name}: line {number} has more than {MAX_MESSAGE_BYTES} bytes")
            yield number, line
    except OSError as error:
        raise Misuse(f"{name}: {error.strerror or error}") from None
