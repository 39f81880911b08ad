"""`make conformance`: every scenario in every language, and the table of them."""

from __future__ import annotations

import argparse
import asyncio
import logging
import sys
from collections.abc import Sequence
from fnmatch import fnmatch

from tests.conformance import scenario, vectors
from tests.conformance.languages import LeftOut, NotBuilt, build, languages
from tests.conformance.scenario import Scenario
from tests.conformance.suite import Report, run_language
from tests.conformance.table import as_json, explained, table


def main(arguments: Sequence[str]) -> int:
    """0 where everything that was run is right."""
    options = _parser().parse_args(arguments)
    every = scenario.load()
    wanted = options.scenario or ["*"]
    chosen = [one for one in every if any(fnmatch(one.name, pattern) for pattern in wanted)]
    if not chosen:
        known = ", ".join(one.name for one in every)
        sys.stderr.write(f"no scenario is called {', '.join(wanted)}; there are {known}\n")
        return 2
    silent = logging.root.manager.disable
    logging.disable(logging.CRITICAL)  # scripted faults of the gateway are no news
    try:
        reports = asyncio.run(_run(options.language or languages(), chosen))
    finally:
        logging.disable(silent)
    if options.json:
        sys.stdout.write(as_json(chosen, reports) + "\n")
    else:
        for line in (*table(chosen, reports), *explained(chosen, reports)):
            sys.stdout.write(f"{line}\n")
    return 0 if all(report.good for report in reports) else 1


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="make conformance", description=__doc__)
    parser.add_argument(
        "--language", action="append", choices=languages(), help="this one alone; may be repeated"
    )
    parser.add_argument(
        "--scenario",
        action="append",
        metavar="PATTERN",
        help="those whose names fit, as a shell's pattern; may be repeated",
    )
    parser.add_argument("--json", action="store_true", help="print the results as JSON")
    return parser


async def _run(names: Sequence[str], chosen: Sequence[Scenario]) -> list[Report]:
    reports = []
    for name in names:
        _progress(name, 0, len(chosen))
        try:
            program = await build(name)
        except NotBuilt as error:
            reports.append(Report(name, broken=str(error)))
        except LeftOut as why:
            reports.append(Report(name, left_out=str(why)))
        else:
            every = vectors.load()
            reports.append(await run_language(name, [str(program)], chosen, every, _progress))
    sys.stderr.write("\r" + " " * 60 + "\r" if sys.stderr.isatty() else "")
    return reports


def _progress(language: str, done: int, count: int) -> None:
    if sys.stderr.isatty():
        sys.stderr.write(f"\r{language:<12}{done:>4} of {count} scenarios   ")
        sys.stderr.flush()
    elif done in (0, count):
        sys.stderr.write(f"{language}: {done} of {count} scenarios\n")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
