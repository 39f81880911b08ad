"""`python -m benchmarks`: measures the gateway beside a bare server, and reports."""

from __future__ import annotations

import argparse
import asyncio
import json
import sys
from pathlib import Path

from benchmarks.measure import measure, scenarios
from benchmarks.report import as_json, as_table, with_table
from benchmarks.systems import SYSTEMS

ROUNDS = 5
DOCS = Path(__file__).parent.parent / "docs" / "performance.md"


def main() -> None:
    """Exits with an error where a server fails or gives a wrong answer."""
    names = [system.name for system in SYSTEMS]
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("--json", action="store_true", help="every figure, for machines")
    parser.add_argument(
        "--quick", action="store_true", help="one small round: shows that it runs, measures nothing"
    )
    parser.add_argument("--rounds", type=int, default=ROUNDS, help="default: %(default)s")
    parser.add_argument(
        "--only",
        nargs="+",
        choices=names,
        default=names,
        metavar="SYSTEM",
        help=f"of {', '.join(names)}",
    )
    parser.add_argument(
        "--docs", action="store_true", help=f"also write the table into {DOCS.name}"
    )
    options = parser.parse_args()
    rounds = 1 if options.quick else options.rounds
    systems = [system for system in SYSTEMS if system.name in options.only]
    chosen = scenarios(quick=options.quick)
    results = asyncio.run(measure(systems, chosen, rounds, _progress))
    if options.json:
        print(json.dumps(as_json(results, chosen, rounds), indent=2))
    else:
        table = as_table(results, chosen, rounds)
        print(table)
        if options.docs:
            DOCS.write_text(with_table(DOCS.read_text(encoding="utf-8"), table), encoding="utf-8")


def _progress(what: str) -> None:
    if sys.stderr.isatty():
        print(f"\r\x1b[K{what}\r", end="", file=sys.stderr, flush=True)


if __name__ == "__main__":
    main()
