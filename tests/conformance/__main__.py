"""`make conformance`: every scenario in every language, and the table of them."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from fnmatch import fnmatch

from tests.conformance import scenario, vectors
from tests.conformance.languages import build, languages
from tests.conformance.table import as_json, explained, summary, table
from tests.conformance.together import run_languages


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
    names = options.language or languages()
    progress = Shown(names, len(chosen))
    reports = run_languages(build(names), chosen, vectors.load(), progress)
    progress.clear()
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


class Shown:
    """How far each language is: on a terminal one line that is written again and again."""

    def __init__(self, names: Sequence[str], count: int) -> None:
        self._done = dict.fromkeys(names, 0)
        self._width = 0
        for name in self._done:
            self(name, 0, count)

    def __call__(self, language: str, done: int, count: int) -> None:
        self._done[language] = done
        if sys.stderr.isatty():
            every = "  ".join(f"{name} {number:>3}" for name, number in self._done.items())
            self._write(f"{every}  of {count} scenarios")
        elif done in (0, count):
            sys.stderr.write(f"{language}: {done} of {count} scenarios\n")

    def clear(self) -> None:
        """The table takes the line's place."""
        if sys.stderr.isatty():
            self._write("")

    def _write(self, line: str) -> None:
        sys.stderr.write(f"\r{line:<{self._width}}" + ("" if line else "\r"))
        sys.stderr.flush()
        self._width = len(line)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
