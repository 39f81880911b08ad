"""Standard input, output and error: whatever they are, the server starts and serves."""

from __future__ import annotations

import os
import select
import sys
import threading
from contextlib import suppress
from typing import TextIO


def open_all() -> None:
    """Opens those that are closed on nothing.

    Else the first sockets would get their numbers, and be written to. Call it before
    anything else opens files.
    """
    for number in range(3):
        try:
            os.fstat(number)
        except OSError:
            os.open(os.devnull, os.O_RDWR)  # the lowest number that is free, so this one
    sys.stdin = sys.stdin or open(0, closefd=False)  # noqa: SIM115 - open for good, as are these
    sys.stdout = sys.stdout or open(1, "w", closefd=False)  # noqa: SIM115
    sys.stderr = sys.stderr or open(2, "w", closefd=False)  # noqa: SIM115


def announce(text: str) -> None:
    """Writes to standard output, if that takes it, without waiting for it."""
    number = own_number(sys.stdout)
    if number is None:
        return

    def write() -> None:
        with suppress(OSError):
            write_all(number, text)
        os.close(number)

    threading.Thread(target=write, name="announce", daemon=True).start()


def own_number(stream: TextIO) -> int | None:
    """A number of the stream's file that nobody else closes; None for a stream that is no file.

    The stream's own number can be closed, by other code of the process, and given to a socket,
    which would then get what is written.
    """
    try:
        return os.dup(stream.fileno())
    except (OSError, ValueError):
        return None


def write_all(number: int, text: str) -> None:
    """Writes a whole text to a file by its number, past Python's buffers.

    A thread that waits here holds no lock that the end of the process needs. Raises `OSError`.
    """
    data = memoryview(text.encode(errors="backslashreplace"))
    while data:
        try:
            data = data[os.write(number, data) :]
        except BlockingIOError:
            poll = select.poll()
            poll.register(number, select.POLLOUT)
            poll.poll()
