"""Ends a stream whose caller reads nothing, so that its upstream is let go."""

from __future__ import annotations

import asyncio
import logging

logger = logging.getLogger(__name__)


class Patience:
    """Cancels the task that it was made in when one write takes too long.

    A write waits only when the caller is some megabytes behind. Its call is then
    cancelled, for a status would have to wait behind what is not read. One timer
    for each stream, which re-arms itself; a write costs two looks at the clock.
    """

    def __init__(self, seconds: float, request_id: str) -> None:
        self._loop = asyncio.get_running_loop()
        self._seconds = seconds
        self._request_id = request_id
        self._task = asyncio.current_task()
        self._since: float | None = None
        self._timer = self._loop.call_later(seconds, self._check)

    def begin(self) -> None:
        """A write begins."""
        self._since = self._loop.time()

    def end(self) -> None:
        """It is done."""
        self._since = None

    def stop(self) -> None:
        """The stream is over."""
        self._timer.cancel()

    def _check(self) -> None:
        now = self._loop.time()
        since = now if self._since is None else self._since
        if now - since < self._seconds:
            self._timer = self._loop.call_at(since + self._seconds, self._check)
            return
        logger.warning(
            "request %s: cancelled, its caller read nothing for %g s",
            self._request_id,
            self._seconds,
        )
        if self._task is not None:
            self._task.cancel()
