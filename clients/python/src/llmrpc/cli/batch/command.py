"""`llmrpc batch`: asks what has no result yet, and keeps every result as it comes."""

from __future__ import annotations

import asyncio
import json
import sys
import time
from collections.abc import AsyncGenerator
from contextlib import aclosing, closing
from dataclasses import dataclass
from pathlib import Path

from llmrpc import Call
from llmrpc import v1 as pb
from llmrpc.cli import report
from llmrpc.cli.batch.items import BadLine, read_item
from llmrpc.cli.batch.outlet import Outlet, open_outlet
from llmrpc.cli.batch.progress import Watch
from llmrpc.cli.batch.records import to_line
from llmrpc.cli.batch.source import Source
from llmrpc.cli.batch.tally import Tally
from llmrpc.cli.output import FAILED, OK, Misuse, exit_code
from llmrpc.cli.settings import Settings
from llmrpc.errors import LLMClientError

_MOST_SHOWN = 20
"""Bad lines that are shown; the rest are counted."""
_LAST = sys.maxsize


@dataclass(frozen=True, slots=True, kw_only=True)
class Wishes:
    """What the options of the command ask for."""

    retry_failed: bool = False
    keep_order: bool = False
    progress: bool | None = None
    as_json: bool = False


def run(settings: Settings, given: str, out: str, wishes: Wishes) -> int:
    """Answers the batch; the exit code."""

    def work() -> int:
        with closing(Source(given)) as source:
            return _answer(settings, source, out, wishes)

    return exit_code("batch", work, settings.address)


def _answer(settings: Settings, source: Source, out: str, wishes: Wishes) -> int:
    if out != "-" and source.same_as(Path(out)):
        raise Misuse(f"{out}: is the input; name another file for the results")
    places: dict[str, int] = {}
    if source.twice:
        _check(source, settings, places)
    with closing(open_outlet(out, keep_order=wishes.keep_order)) as outlet:
        if wishes.retry_failed:
            outlet.forget_failed(lambda name: not source.twice or name in places)
        return _Run(settings, source, outlet, places, out, wishes).run()


def _check(source: Source, settings: Settings, places: dict[str, int]) -> None:
    """Reads the whole file before anything is sent; `Misuse` with what is wrong."""
    wrong: list[str] = []
    for number, raw in source.lines():
        try:
            item = read_item(raw, number, settings)
        except BadLine as error:
            wrong.append(str(error))
            continue
        if item is None:
            continue
        if places.setdefault(item.id, number) != number:
            wrong.append(f"line {number}: id {item.id!r} is that of line {places[item.id]}")
    if wrong:
        more = len(wrong) - _MOST_SHOWN
        shown = [*wrong[:_MOST_SHOWN], *([f"and {more} more"] if more > 0 else [])]
        raise Misuse("\n       ".join([f"{source.path}: nothing was sent", *shown]))


class _Run:
    """One run: what is asked, what became of it, and where that goes."""

    def __init__(
        self,
        settings: Settings,
        source: Source,
        outlet: Outlet,
        places: dict[str, int],
        out: str,
        wishes: Wishes,
    ) -> None:
        self._settings = settings
        self._source = source
        self._outlet = outlet
        self._places = places
        self._out = out
        self._wishes = wishes
        self._tally = Tally()
        if source.twice:
            self._tally.total = len(places)
        wanted = wishes.progress
        if wanted is None:  # results on the same terminal would break the bar
            wanted = sys.stderr.isatty() and not (out == "-" and sys.stdout.isatty())
        self._watch = Watch(self._tally, wanted=wanted and not settings.quiet)

    def run(self) -> int:
        try:
            with self._watch:
                asyncio.run(self._ask())
        except (LLMClientError, KeyboardInterrupt):
            self._end()
            if self._out != "-" and not self._settings.quiet:
                report.say(f"the same command goes on from what is in {self._out}")
            raise
        self._end()
        return FAILED if self._tally.any_failed else OK

    async def _ask(self) -> None:
        if self._nothing_new():
            async for _ in self._items():
                raise AssertionError("everything has its result")
            return
        limit = self._settings.timeout
        call = Call(deadline=None if limit is None else time.monotonic() + limit)
        async with (
            self._settings.connect() as client,
            aclosing(client.batch(self._items(), call)) as results,
        ):
            async for result in results:
                self._keep(result)

    def _nothing_new(self) -> bool:
        return self._source.twice and self._places.keys() <= self._outlet.done.keys()

    async def _items(self) -> AsyncGenerator[pb.BatchItem, None]:
        async for number, raw in self._source.stream():
            try:
                item = read_item(raw, number, self._settings)
            except BadLine as error:
                self._refuse(error, number)
                continue
            if item is not None and self._new(item.id, number):
                yield item

    def _new(self, id: str, number: int) -> bool:
        """Whether the item is still to be asked."""
        if self._places.setdefault(id, number) != number:
            report.say(f"line {number}: id {id!r} is that of line {self._places[id]}: left out")
            return False
        if (answered := self._outlet.done.get(id)) is None:
            return True
        self._tally.add_before(answered=answered)
        self._watch.update()
        return False

    def _refuse(self, error: BadLine, number: int) -> None:
        """A bad line of a stream spoils itself alone: its result says so."""
        if self._new(error.result.id, number):
            report.say(str(error))
            self._keep(error.result)

    def _keep(self, result: pb.BatchResult) -> None:
        self._tally.add(result)
        self._outlet.append(to_line(result))
        self._watch.update()

    def _end(self) -> None:
        if self._wishes.keep_order:
            self._outlet.sort(lambda name: self._places.get(name, _LAST))
        if self._wishes.as_json:
            out = sys.stderr if self._out == "-" else sys.stdout
            out.write(json.dumps(self._tally.summary()) + "\n")
            out.flush()
        elif not self._settings.quiet:
            for line in self._tally.lines():
                report.say(line)
