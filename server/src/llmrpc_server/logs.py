"""Log lines: JSON for machines, aligned text for a terminal; secrets masked."""

from __future__ import annotations

import logging
import sys
import time
from dataclasses import dataclass
from typing import Any, Literal

import msgspec

from llmrpc_server.redaction import Redactor


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
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(_Formatter(redactor, as_json=as_json))
    logging.basicConfig(level=settings.level.upper(), handlers=[handler], force=True)
    # grpc logs a cancelled call as a fault of its own
    logging.getLogger("grpc").setLevel(logging.WARNING)


class _Formatter(logging.Formatter):
    def __init__(self, redactor: Redactor, *, as_json: bool) -> None:
        super().__init__()
        self._redactor = redactor
        self._as_json = as_json

    def format(self, record: logging.LogRecord) -> str:
        fields: dict[str, Any] = getattr(record, "fields", {})
        error = self.formatException(record.exc_info) if record.exc_info else ""
        moment = time.gmtime(record.created)
        stamp = f"{time.strftime('%Y-%m-%dT%H:%M:%S', moment)}.{int(record.msecs):03d}Z"
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
            text = text.replace("\n", "\\n") + (f"\n{error}" if error else "")
        return self._redactor.clean(text)
