"""The real runner of Python with a hand in what it prints, and what the suite says of it."""

from __future__ import annotations

import sys
from pathlib import Path

from tests.conformance import scenario
from tests.conformance.scenario import Scenario
from tests.conformance.suite import Report, run_language
from tests.conformance.table import explained
from tests.running import ROOT

RUNNER = ROOT / "tests" / "conformance" / "runners" / "python" / "runner.py"


# The real runner, with a hand in what it prints.
MEDDLER = """
import json, subprocess, sys
done = subprocess.run([sys.executable, {runner!r}, *sys.argv[1:]], capture_output=True, text=True)
for line in filter(None, done.stdout.split(chr(10))):
    output = json.loads(line)
{meddling}
    print(json.dumps(output), flush=True)
"""


def chosen(*names: str) -> list[Scenario]:
    return [one for one in scenario.load() if one.name in names]


async def meddled(folder: Path, meddling: str, *names: str) -> Report:
    """What the suite says of the real runner's output with this done to each line."""
    program = folder / "meddler.py"
    lines = "\n".join(f"    {line}" for line in meddling.splitlines())
    program.write_text(MEDDLER.format(runner=str(RUNNER), meddling=lines))
    return await run_language("python", [sys.executable, str(program)], chosen(*names))


def said(report: Report) -> str:
    return "\n".join(explained(scenario.load(), [report]))
