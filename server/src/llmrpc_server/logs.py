"""Log lines: JSON for machines, aligned text for a terminal; secrets masked."""

from __future__ import annotations

import asyncio
import logging
import sys
import threading
import time
import traceback
from dataclasses import dataclass
from typing import Any, Literal, TextIO

import msgspec

from llmrpc_server.redaction import Redactor
from llmrpc_server.standard_streams import own_number, write_all

GROUP = 64
DELAY = 0.1
PATIENCE = 1.0
"""Seconds that the end of the process, or a line outside the event loop, waits for the reader."""
MOST_WAITING = 4 * 1024 * 1024
"""Characters of lines that wait for the reader of standard error."""

_ESCAPED = {code: f"\\x{code:02x}" for code in (*range(0x20), *range(0x7F, 0xA0), 0x2028, 0x2029)}
"""What could make a second line of a text, or colour a terminal."""


@dataclass(frozen=True, slots=True)
class LogSettings:
    """How the server logs, on standard error."""

    format: Literal["auto", "json", "text"] = "auto"
    """`auto` is text on a terminal and JSON elsewhere."""
    level: Literal["debug", "info", "warning", "error"] = "info"
    """The least severe lines that are written."""


def start_logging(settings: LogSettings, redactor: Redactor) -> None:
    """Sends all log records to standard error."""
    as_json = settings.format == "json" or (settings.format == "auto" and not sys.stderr.isatty())
    handler = _Lines(sys.stderr)
    handler.setFormatter(_Formatter(redactor, as_json=as_json))
    # what no line tells need not be found out for each (Python's logging how-to)
    logging._srcfile = None
    logging.logThreads = logging.logProcesses = logging.logMultiprocessing = False
    logging.basicConfig(level=settings.level.upper(), handlers=[handler], force=True)
    # grpc logs a cancelled call as a fault of its own
    logging.getLogger("grpc").setLevel(logging.WARNING)


class _Lines(logging.Handler):
    """Writes lines in a thread: who logs never waits for who reads them.

    They are written in groups, since a write for each would cost more than the line: a
    warning at once, with all before it; other lines within `DELAY` seconds, at `GROUP`
    lines, and at the end of the process. Where nobody reads, `MOST_WAITING` characters
    wait; later lines are lost, and so are those that cannot be written, to a full disk say.
    The next line that can be written is preceded by their number.
    """

    def __init__(self, stream: TextIO) -> None:
        super().__init__()
        self._stream = stream
        self._number = own_number(stream)
        self._lines: list[str] = []
        self._size = 0
        self._lost = 0
        self._mutex = threading.RLock()
        """For what is above and for the formatter, never while anything is written."""
        self._wake = threading.Event()
        self._written = threading.Event()
        threading.Thread(target=self._run, name="log", daemon=True).start()

    def createLock(self) -> None:
        """Has no lock around `emit`: a thread that waits in it would hold up all others."""
        self.lock = None

    def emit(self, record: logging.LogRecord) -> None:
        with self._mutex:
            line = self.format(record)
            if self._size + len(line) > MOST_WAITING:
                self._lost += 1
                return
            self._lines.append(line)
            self._size += len(line)
            self._written.clear()
            waiting = len(self._lines)
        try:
            loop = asyncio.get_running_loop()
        except RuntimeError:  # no event loop here to hold up
            self.flush()
            return
        if record.levelno >= logging.WARNING or waiting >= GROUP:
            self._wake.set()
        elif waiting == 1:
            loop.call_later(DELAY, self._wake.set)

    def flush(self) -> None:
        """Waits until all is written, but not for long."""
        self._wake.set()
        self._written.wait(PATIENCE)

    def _run(self) -> None:
        while True:
            self._wake.wait()
            self._wake.clear()
            while self._write_group():
                pass

    def _write_group(self) -> bool:
        """Writes what waits; False when there is nothing more to do for now."""
        with self._mutex:
            lines, lost = self._lines, self._lost
            self._lines, self._size, self._lost = [], 0, 0
            if not lines and not lost:
                self._written.set()
                return False
            told = [self.format(_loss(lost))] if lost else []
        try:
            self._write("\n".join([*told, *lines]) + "\n")
        except (OSError, ValueError):
            with self._mutex:
                self._lost += lost + len(lines)
                self._written.set()
            return False
        return True

    def _write(self, text: str) -> None:
        if self._number is None:
            self._stream.write(text)
            self._stream.flush()
        else:
            write_all(self._number, text)


def _loss(lost: int) -> logging.LogRecord:
    message = "%d log lines were lost: standard error did not take them"
    return logging.LogRecord(__name__, logging.WARNING, "", 0, message, (lost,), None)


class _Formatter(logging.Formatter):
    def __init__(self, redactor: Redactor, *, as_json: bool) -> None:
        super().__init__()
        self._redactor = redactor
        self._as_json = as_json
        self._second = 0
        self._stamp = ""

    def formatException(self, ei: Any) -> str:
        """The exception's type and frames; its text may hold what a caller said."""
        kind, error, _ = ei
        chain: list[str] = []
        seen: set[int] = set()
        while error is not None and id(error) not in seen:
            seen.add(id(error))
            frames = "".join(traceback.format_tb(error.__traceback__))
            chain.append(f"{frames}{type(error).__module__}.{type(error).__qualname__}")
            error = error.__cause__ or error.__context__
        return "\ncaused ".join(reversed(chain)) or str(kind)

    def format(self, record: logging.LogRecord) -> str:
        fields: dict[str, Any] = getattr(record, "fields", {})
        error = self.formatException(record.exc_info) if record.exc_info else ""
        if int(record.created) != self._second:
            self._second = int(record.created)
            self._stamp = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(self._second))
        stamp = f"{self._stamp}.{int(record.msecs):03d}Z"
        message = record.getMessage()
        if self._as_json:
            line: dict[str, Any] = {"time": stamp, "level": record.levelname.lower()}
            line |= {"logger": record.name, "message": message} | fields
            if error:
                line["exception"] = error
            text = msgspec.json.encode(line).decode()
        else:
            pairs = " ".join(f"{key}={value}" for key, value in fields.items())
            text = f"{stamp} {record.levelname:<7} {message} {pairs}".rstrip()
            text = text.translate(_ESCAPED) + (f"\n{error}" if error else "")
        return self._redactor.mask(text)
