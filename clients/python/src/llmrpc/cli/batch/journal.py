"""The output file: every result is in it whole and once, whatever ends the program.

A result is appended by one write of a whole line, so that a kill loses at most that
line, and the next run cuts off what is left of it. To change more than the end, a new
file takes the old one's place at once.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterable
from contextlib import suppress
from io import FileIO
from pathlib import Path
from typing import BinaryIO

from llmrpc.cli.batch.records import NotOurs, Record, records, whole_end
from llmrpc.cli.output import Misuse


class Journal:
    """The file at `path`, made if it is not there, and locked against a second run.

    `Misuse` where it cannot be opened, holds something else, or is in use.
    """

    def __init__(self, path: Path) -> None:
        self.path = path.resolve()
        try:
            self._file = _open(self.path)
        except OSError as error:
            raise Misuse(f"{path}: {error.strerror or error}") from None
        if not _lock(self._file):
            self._file.close()
            raise Misuse(f"{path}: another batch is writing it")
        try:
            self._repair()
            self.done = {record.id: record.answered for record in self.records()}
            """Whether each item was answered, by its id."""
        except NotOurs as error:
            self._file.close()
            raise Misuse(f"{path}: {error}; name another file") from None

    def records(self) -> list[Record]:
        """What is in it, in order."""
        with _reader(self._file) as file:
            return list(records(file))

    def append(self, line: bytes) -> None:
        """Adds a line, whole."""
        write_all(self._file, line)

    def forget_failed(self, of: Callable[[str], bool]) -> None:
        """Takes out the failures of these items, to be asked again."""
        again = {name for name, answered in self.done.items() if not answered and of(name)}
        if again:
            self._rewrite([record for record in self.records() if record.id not in again])
            for name in again:
                del self.done[name]

    def sort(self, place: Callable[[str], int]) -> None:
        """Puts the lines in the order of their items' places."""
        now = self.records()
        then = sorted(now, key=lambda record: place(record.id))
        if now != then:
            self._rewrite(then)

    def close(self) -> None:
        """Gives the file free."""
        self._file.close()

    def _repair(self) -> None:
        with _reader(self._file) as file:
            end, unended = whole_end(file)
        self._file.truncate(end)
        if unended:
            self.append(b"\n")

    def _rewrite(self, kept: Iterable[Record]) -> None:
        """A new file with these lines in the old one's place."""
        new_path = self.path.with_name(f"{self.path.name}.new")
        with suppress(FileNotFoundError):
            new_path.unlink()
        new = _open(new_path)
        _lock(new)
        shutil.copymode(self.path, new_path)
        with _reader(self._file) as file:
            copy(file, kept, new)
        os.fsync(new.fileno())
        new_path.replace(self.path)
        self._file.close()
        self._file = new


def copy(source: BinaryIO, kept: Iterable[Record], to: FileIO) -> None:
    """Copies these lines in their order."""
    for record in kept:
        source.seek(record.offset)
        write_all(to, source.read(record.length))


def write_all(file: FileIO, data: bytes) -> None:
    """Writes all of it, past every buffer of this process."""
    rest = memoryview(data)
    while rest:
        rest = rest[file.write(rest) or 0 :]


def _open(path: Path) -> FileIO:
    flags = os.O_RDWR | os.O_CREAT | os.O_APPEND | getattr(os, "O_BINARY", 0)
    return os.fdopen(os.open(path, flags, 0o666), "r+b", buffering=0)


def _reader(file: FileIO) -> BinaryIO:
    """The same file, buffered for reading."""
    return os.fdopen(os.dup(file.fileno()), "rb")


def _lock(file: FileIO) -> bool:
    """False where another process has it; a system without such locks gives it to all."""
    with suppress(ImportError):
        import fcntl

        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            return False
    return True
