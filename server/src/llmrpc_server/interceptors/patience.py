"""Ends a stream whose caller reads nothing, so that its upstream is let go."""

from __future__ import annotations

import asyncio
from types import TracebackType
from typing import Self

from llmrpc.errors import StreamInterruptedError


class Patience:
    """Cancels the task that it was made in when one write takes too long.

    A write waits only when the caller is some megabytes behind. Used as `with`
    around the writes: what was cancelled so leaves it as `StreamInterruptedError`,
    for the caller may yet read on, and must then find a status. One timer for each
    stream, which re-arms itself; a write costs a look at the clock.
    """

    def __init__(self, seconds: float) -> None:
        self._loop = asyncio.get_running_loop()
        self._seconds = seconds
        self._task = asyncio.current_task()
        self._since: float | None = None
        self.spent = False
        """Whether a write took too long."""
        self._timer = self._loop.call_later(seconds, self._check)

    def begin(self) -> None:
        """A write begins."""
        self._since = self._loop.time()

    def end(self) -> None:
        """It is done."""
        self._since = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._timer.cancel()
        cancelled = isinstance(error, asyncio.CancelledError)
        if self.spent and cancelled and self._task is not None and not self._task.uncancel():
            raise StreamInterruptedError(
                f"the caller read nothing for {self._seconds:g} s, and was cut"
            ) from error

    def _check(self) -> None:
        now = self._loop.time()
        since = now if self._since is None else self._since
        if now - since < self._seconds:
            self._timer = self._loop.call_at(since + self._seconds, self._check)
            return
        self.spent = True
        if self._task is not None:
            self._task.cancel()
