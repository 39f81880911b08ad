"""How far a batch is: a bar on a terminal, a line now and then in a log."""

from __future__ import annotations

import sys
import time
from types import TracebackType
from typing import Self

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn

from llmrpc.cli import report
from llmrpc.cli.batch.tally import Tally
from llmrpc.response import NANO

_EVERY = 5.0
"""Seconds between two lines in a log."""
_NARROW = 70
"""Columns below which the bar leaves out the tokens."""


class Watch:
    """Shows a tally while it grows, on standard error."""

    def __init__(self, tally: Tally, *, wanted: bool) -> None:
        self._tally = tally
        self._wanted = wanted
        self._bar = _bar() if wanted and sys.stderr.isatty() else None
        self._said_at = time.monotonic()
        self._task = (
            self._bar.add_task("", total=tally.total, place="", facts="") if self._bar else None
        )

    def __enter__(self) -> Self:
        if self._bar is not None:
            self._bar.start()
        self.update()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if self._bar is not None:
            self._bar.stop()

    def update(self) -> None:
        """Shows how it stands."""
        if self._bar is not None and self._task is not None:
            narrow = self._bar.console.width < _NARROW
            facts = self._facts(narrow=narrow)
            self._bar.update(
                self._task, completed=self._tally.done, place=self._place(), facts=facts
            )
        elif self._wanted and time.monotonic() - self._said_at >= _EVERY:
            self._said_at = time.monotonic()
            report.say(f"{self._place()} · {self._facts(narrow=False)}")

    def _place(self) -> str:
        total = self._tally.total
        return f"{self._tally.done:,}" + ("" if total is None else f" of {total:,}")

    def _facts(self, *, narrow: bool) -> str:
        tally = self._tally
        failed = f"{tally.failed:,} failed" if tally.failed else ""
        tokens = f"{tally.prompt_tokens + tally.completion_tokens:,} tokens"
        facts = [
            failed,
            "" if narrow else tokens,
            report.dollars(tally.nano_usd / NANO),
            self._left(),
        ]
        return " · ".join(filter(None, facts))

    def _left(self) -> str:
        """The time that is left at this run's pace."""
        tally = self._tally
        new = tally.answered + tally.failed
        if tally.total is None or not new:
            return ""
        seconds = round(tally.seconds() / new * (tally.total - tally.done))
        minutes, seconds = divmod(seconds, 60)
        hours, minutes = divmod(minutes, 60)
        clock = f"{hours}:{minutes:02}:{seconds:02}" if hours else f"{minutes}:{seconds:02}"
        return f"{clock} left"


def _bar() -> Progress:
    return Progress(
        TextColumn("{task.fields[place]}"),
        BarColumn(bar_width=None),
        TextColumn("{task.fields[facts]}"),
        console=Console(stderr=True),
        transient=True,
        expand=True,
    )
