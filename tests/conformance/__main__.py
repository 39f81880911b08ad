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
from tests.conformance.table import as_json, explained, summary, table


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
        told = (*table(chosen, reports), *explained(chosen, reports), summary(chosen, reports))
        for line in told:
            sys.stdout.write(f"{line}\n")
    return 0 if all(report.good for report in reports) else 1


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="make conformance",
        usage="make conformance ARGS='[--language NAME] [--scenario PATTERN] [--json]'",
        description="Runs every scenario in every language, and prints the table of them.",
        epilog="Example: make conformance ARGS='--language go --scenario \"stream-*\"'",
    )
    parser.add_argument(
        "--language",
        action="append",
        choices=languages(),
        metavar="NAME",
        help=f"this one alone, of {', '.join(languages())}; may be repeated",
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
    every = vectors.load()
    for name in names:
        _progress(name, 0, len(chosen))
        try:
            program = await build(name)
        except NotBuilt as error:
            reports.append(Report(name, broken=str(error)))
        except LeftOut as why:
            reports.append(Report(name, left_out=str(why)))
        else:
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
