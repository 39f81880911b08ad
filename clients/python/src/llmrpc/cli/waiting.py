"""A sign of life on a terminal while an answer has not begun."""

from __future__ import annotations

import asyncio
import sys
import time

PATIENCE = 2.0
"""Seconds of silence that need no word."""


class Waiting:
    """Says on standard error how long there was nothing, until `end` wipes it away.

    A gateway that tries again, and a model that thinks in secret, look alike from
    here: silent. Made inside an event loop; where standard error is no terminal it says
    nothing.
    """

    def __init__(self, *, silent: bool = False) -> None:
        self._since = time.monotonic()
        self._shown = False
        self._timer: asyncio.TimerHandle | None = None
        if sys.stderr.isatty() and not silent:
            self._timer = asyncio.get_running_loop().call_later(PATIENCE, self._tell)

    def _tell(self) -> None:
        seconds = time.monotonic() - self._since
        sys.stderr.write(f"\r\x1b[2mno answer yet, {seconds:.0f} s\x1b[0m")
        sys.stderr.flush()
        self._shown = True
        self._timer = asyncio.get_running_loop().call_later(1.0, self._tell)

    def end(self) -> None:
        """Something came, or nothing will."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        if self._shown:
            self._shown = False
            sys.stderr.write("\r\x1b[K")
            sys.stderr.flush()
