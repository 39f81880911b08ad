"""A timer over one stream: no progress for too long, or the deadline."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from llmrpc.errors import GenerationTimeoutError, deadline_exceeded, stalled


class Watchdog:
    """Calls `abort` once when the stream stalls or the deadline passes.

    Only the time between `waiting()` and `progress()` counts, so a slow reader is
    not taken for a silent provider; keep-alive comments are no progress. The timer
    re-arms itself: what is called for each event is a look at the clock. Clock:
    `loop.time()`, which is `time.monotonic()`.
    """

    def __init__(
        self, provider: str, stall: float, deadline: float | None, abort: Callable[[], None]
    ) -> None:
        self._loop = asyncio.get_running_loop()
        self._provider = provider
        self._stall = stall
        self._deadline = deadline
        self._abort = abort
        self._since: float | None = None
        self.error: GenerationTimeoutError | None = None
        """Why the stream was aborted, once it was."""
        self._timer = self._loop.call_at(self._due(), self._check)

    def waiting(self) -> None:
        """The next event is waited for."""
        self._since = self._loop.time()

    def progress(self) -> None:
        """It came."""
        self._since = None

    def stop(self) -> None:
        """The stream is over; nothing fires any more."""
        self._timer.cancel()

    def _due(self) -> float:
        since = self._loop.time() if self._since is None else self._since
        due = since + self._stall
        return due if self._deadline is None else min(due, self._deadline)

    def _check(self) -> None:
        now = self._loop.time()
        if now < self._due():
            self._timer = self._loop.call_at(self._due(), self._check)
            return
        if self._deadline is not None and now >= self._deadline:
            self.error = deadline_exceeded()
        else:
            self.error = stalled(self._provider, self._stall)
        self._abort()
