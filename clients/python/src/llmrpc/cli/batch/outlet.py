"""Where results go: a journal that is gone on with, or a stream that only flows."""

from __future__ import annotations

import os
import stat
import sys
import tempfile
from collections.abc import Callable, Mapping
from io import FileIO
from pathlib import Path
from typing import Protocol

from llmrpc.cli.batch.journal import Journal, copy, write_all
from llmrpc.cli.batch.records import records
from llmrpc.cli.output import Misuse

Place = Callable[[str], int]
"""Where in the input an item stands, by its id."""


class Outlet(Protocol):
    """Takes results line by line."""

    @property
    def done(self) -> Mapping[str, bool]:
        """What an earlier run left: whether each item was answered."""

    def append(self, line: bytes) -> None: ...

    def forget_failed(self, of: Callable[[str], bool]) -> None: ...

    def sort(self, place: Place) -> None: ...

    def close(self) -> None: ...


class Stream:
    """A pipe or a terminal. What is to be sorted waits in a temporary file."""

    def __init__(self, file: FileIO, *, spool: bool) -> None:
        self.done: Mapping[str, bool] = {}
        self._file = file
        self._spool = tempfile.TemporaryFile(buffering=0) if spool else None  # noqa: SIM115 - it lives as long as this

    def append(self, line: bytes) -> None:
        write_all(self._spool or self._file, line)

    def forget_failed(self, of: Callable[[str], bool]) -> None:
        pass

    def sort(self, place: Place) -> None:
        if self._spool is not None:
            with os.fdopen(os.dup(self._spool.fileno()), "rb") as file:
                ordered = sorted(records(file), key=lambda record: place(record.id))
                copy(file, ordered, self._file)

    def close(self) -> None:
        if self._spool is not None:
            self._spool.close()
        self._file.close()


def open_outlet(path: str, *, keep_order: bool) -> Outlet:
    """The outlet at a path; `-` is standard output. `Misuse` where it cannot be."""
    if path == "-":
        return Stream(FileIO(sys.stdout.fileno(), "w", closefd=False), spool=keep_order)
    try:
        if stat.S_ISREG(Path(path).stat().st_mode):
            return Journal(Path(path))
        return Stream(FileIO(path, "w"), spool=keep_order)
    except FileNotFoundError:
        return Journal(Path(path))
    except OSError as error:
        raise Misuse(f"{path}: {error.strerror or error}") from None
