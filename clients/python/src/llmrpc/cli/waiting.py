"""A sign of life on a terminal while an answer has not begun."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Callable
from typing import Protocol

PATIENCE = 2.0
"""Seconds of silence that need no word."""


class Timer(Protocol):
    """A call that is to come."""

    def cancel(self) -> None: ...


class Clock(Protocol):
    """The part of an event loop that knows the time."""

    def time(self) -> float: ...

    def call_later(self, delay: float, callback: Callable[[], None], /) -> Timer: ...


class Waiting:
    """Says on standard error how long there was nothing, until `end` wipes it away.

    A gateway that tries again, and a model that thinks in secret, look alike from
    here: silent. Made inside an event loop, whose clock it goes by unless another is given;
    where standard error is no terminal it says nothing.
    """

    def __init__(self, *, silent: bool = False, clock: Clock | None = None) -> None:
        self._clock = clock or asyncio.get_running_loop()
        self._since = self._clock.time()
        self._shown = False
        self._timer: Timer | None = None
        if sys.stderr.isatty() and not silent:
            self._timer = self._clock.call_later(PATIENCE, self._tell)

    def _tell(self) -> None:
        seconds = self._clock.time() - self._since
        sys.stderr.write(f"\r\x1b[2mno answer yet, {seconds:.0f} s\x1b[0m")
        sys.stderr.flush()
        self._shown = True
        self._timer = self._clock.call_later(1.0, self._tell)

    def end(self) -> None:
        """Something came, or nothing will."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        if self._shown:
            self._shown = False
            sys.stderr.write("\r\x1b[K")
            sys.stderr.flush()
