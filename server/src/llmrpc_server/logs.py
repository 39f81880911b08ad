"""Log lines: JSON for machines, aligned text for a terminal; secrets masked."""

from __future__ import annotations

import asyncio
import logging
import sys
import time
import traceback
from contextlib import nullcontext, suppress
from dataclasses import dataclass
from typing import Any, Literal, TextIO

import msgspec

from llmrpc_server.redaction import Redactor

GROUP = 64
DELAY = 0.1

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
    """Writes lines in groups: a write for each would cost more than the line.

    A warning is written at once, with all before it; other lines within
    `DELAY` seconds, at `GROUP` lines, and at the end of the process. A line that
    cannot be written, to a full disk say, is lost: no call fails for its log.
    """

    def __init__(self, stream: TextIO) -> None:
        super().__init__()
        self._stream = stream
        self._lines: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self._lines.append(self.format(record))
        if record.levelno >= logging.WARNING or len(self._lines) >= GROUP:
            self.flush()
        elif len(self._lines) == 1:
            try:
                asyncio.get_running_loop().call_later(DELAY, self.flush)
            except RuntimeError:  # no event loop here: nothing would write it later
                self.flush()

    def flush(self) -> None:
        with self.lock or nullcontext(), suppress(OSError, ValueError):
            lines, self._lines = self._lines, []
            if lines:
                self._stream.write("\n".join(lines) + "\n")
                self._stream.flush()


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
