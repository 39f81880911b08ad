"""A hunt for luck: the whole suite again and again, on a machine that is busy.

`make flaky RUNS=20` runs `make test` beside two busy loops, and each client's own tests,
and tells at the end every test that failed at least once. Nothing is run again to make it
pass. Logs stand in `.build/flaky`.
"""

from __future__ import annotations

import argparse
import re
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.running import ROOT

LOGS = ROOT / ".build" / "flaky"
BUSY = "import time\nend = time.monotonic() + {seconds}\nwhile time.monotonic() < end: pass"
HOURS = 12
"""After which a busy loop ends by itself, whatever became of the hunt."""
FAILED = re.compile(r"^(?:FAILED|ERROR) (\S+)", re.MULTILINE)


@contextmanager
def busy_loops(count: int) -> Iterator[list[subprocess.Popen[bytes]]]:
    """Keeps so many cores busy."""
    program = BUSY.format(seconds=HOURS * 3600)
    loops = [subprocess.Popen([sys.executable, "-c", program]) for _ in range(count)]
    try:
        yield loops
    finally:
        for loop in loops:
            loop.kill()
            loop.wait()


def run(words: list[str], log: Path) -> bool:
    """Runs a command with its output in a file; whether it ended well."""
    with log.open("wb") as output:
        return (
            subprocess.run(words, cwd=ROOT, stdout=output, stderr=output, check=False).returncode
            == 0
        )


def hunt(runs: int, client_runs: int, loops: int) -> Counter[str]:
    """How often each test failed."""
    LOGS.mkdir(parents=True, exist_ok=True)
    failures: Counter[str] = Counter()
    with busy_loops(loops):
        for number in range(1, runs + 1):
            begin, log = time.monotonic(), LOGS / f"run-{number}.log"
            good = run(["make", "test"], log)
            failed = FAILED.findall(log.read_text(errors="replace"))
            failures.update(failed or ([] if good else [f"make test: see {log}"]))
            took = time.monotonic() - begin
            word = "passed" if good else f"failed: {', '.join(failed) or log}"
            print(f"run {number} of {runs}: {word}, {took:.0f} s", flush=True)
        if client_runs:
            log = LOGS / "clients.log"
            if not run(["make", "flaky-clients", f"COUNT={client_runs}"], log):
                failures[f"make flaky-clients: see {log}"] += 1
    return failures


def main() -> int:
    """Hunts, and tells what was found."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=20)
    parser.add_argument("--client-runs", type=int, default=50)
    parser.add_argument("--loops", type=int, default=2)
    options = parser.parse_args()
    failures = hunt(options.runs, options.client_runs, options.loops)
    for name, count in failures.most_common():
        print(f"{count} × {name}")
    if not failures:
        print(f"{options.runs} runs and {options.client_runs} of the clients: none failed")
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
