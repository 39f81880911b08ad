"""Runs all languages at the same time, each with its gateways in a process of its own.

So none waits for what another does: a deadline would pass meanwhile.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from multiprocessing import get_context
from multiprocessing.connection import Connection

from tests.conformance.languages import Built, LeftOut, NotBuilt
from tests.conformance.scenario import Scenario
from tests.conformance.suite import Progress, Report, run_language
from tests.conformance.vectors import Vector

_SPAWN = get_context("spawn")


def run_languages(
    runners: Mapping[str, Built],
    scenarios: Sequence[Scenario],
    vectors: Sequence[Vector],
    progress: Progress = lambda language, done, count: None,
) -> list[Report]:
    """A report of each language, in their order."""

    def one(language: str) -> Report:
        match runner := runners[language]:
            case NotBuilt():
                return Report(language, broken=str(runner))
            case LeftOut():
                return Report(language, left_out=str(runner))
            case _:
                return _apart(language, [str(runner)], scenarios, vectors, progress)

    with ThreadPoolExecutor(len(runners)) as threads:
        return [*threads.map(one, runners)]


def _apart(
    language: str,
    program: Sequence[str],
    scenarios: Sequence[Scenario],
    vectors: Sequence[Vector],
    progress: Progress,
) -> Report:
    heard, told = _SPAWN.Pipe(duplex=False)
    words = (told, language, program, scenarios, vectors)
    process = _SPAWN.Process(target=_run, args=words, daemon=True)
    process.start()
    told.close()
    with heard:
        try:
            while isinstance(word := heard.recv(), int):
                progress(language, word, len(scenarios))
        except EOFError:
            process.join()
            word = Report(language, broken=f"the suite itself ended with {process.exitcode}")
    process.join()
    assert isinstance(word, Report)
    return word


def _run(
    told: Connection,
    language: str,
    program: Sequence[str],
    scenarios: Sequence[Scenario],
    vectors: Sequence[Vector],
) -> None:
    """Tells how many scenarios have run, again and again, and at last the report."""
    logging.disable(logging.CRITICAL)  # scripted faults of the gateway are no news
    report = run_language(
        language, program, scenarios, vectors, lambda _, done, count: told.send(done)
    )
    told.send(asyncio.run(report))
