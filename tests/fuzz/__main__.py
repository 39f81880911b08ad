"""`make fuzz SECONDS=600`: the fuzzer with a budget of seconds for each dialect.

Inputs that break a law are written into `.build/fuzz`, one file for each kind.
"""

from __future__ import annotations

import argparse
import re
import sys
import time
from functools import partial

from tests.fuzz.laws import BOOKKEEPING
from tests.fuzz.run import Found, fuzz
from tests.running import ROOT

KEPT = ROOT / ".build" / "fuzz"


def main() -> int:
    """Runs, and tells what was found."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=600)
    parser.add_argument("--seed", type=int, default=int(time.time()))
    parser.add_argument("--dialect", choices=sorted(BOOKKEEPING), action="append")
    options = parser.parse_args()
    bad = 0
    for dialect in options.dialect or sorted(BOOKKEEPING):
        end = time.monotonic() + options.seconds
        found = fuzz(dialect, options.seed, partial(_is_before, end))
        print(
            f"{dialect}: {found.runs} runs with seed {options.seed},"
            f" {found.raised} typed errors, {len(found.kinds)} kinds of fault",
            flush=True,
        )
        _keep(dialect, found)
        bad += len(found.kinds)
    return 1 if bad else 0


def _is_before(end: float, _: int) -> bool:
    return time.monotonic() < end


def _keep(dialect: str, found: Found) -> None:
    for kind, count in found.kinds.most_common():
        KEPT.mkdir(parents=True, exist_ok=True)
        file = KEPT / f"{dialect}-{re.sub(r'[^a-zA-Z0-9]+', '-', kind)[:80]}.txt"
        file.write_bytes(found.inputs[kind])
        print(f"  {count} × {kind}: {file.relative_to(ROOT)}")


if __name__ == "__main__":
    sys.exit(main())
