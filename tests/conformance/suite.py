"""Runs the scenarios in one language against running gateways."""

from __future__ import annotations

import asyncio
import json
import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.conformance import future_gateway
from tests.conformance.compare import differences, unseen
from tests.conformance.gateways import TOKEN, Gateways, running_gateways
from tests.conformance.play import STAGE
from tests.conformance.scenario import Scenario
from tests.conformance.vectors import Vector, unlike

PATIENCE = 60.0
"""Seconds that a runner may take for one scenario."""
_LINE = 256 * 2**20
"""Bytes of one line of output: the largest answers are printed three times."""

Progress = Callable[[str, int, int], None]
"""Is told the language, how many scenarios have run, and how many there are."""


@dataclass
class Report:
    """What one language gave: the differences by scenario, none where it is right."""

    language: str
    found: dict[str, list[str]] = field(default_factory=dict)
    not_run: list[str] = field(default_factory=list)
    """Those behind the one at which the runner ended."""
    vectors: list[str] = field(default_factory=list)
    left_out: str = ""
    """Why it was not run; empty: it was."""
    broken: str = ""
    """Why it could not be built."""

    @property
    def good(self) -> bool:
        return not (self.broken or self.vectors or any(self.found.values()))


async def run_language(
    language: str,
    program: Sequence[str],
    scenarios: Sequence[Scenario],
    vectors: Sequence[Vector] = (),
    progress: Progress = lambda language, done, count: None,
) -> Report:
    """Every scenario in one process of this program, against fresh gateways."""
    report = Report(language)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        STAGE.reset(scenarios, folder)
        async with running_gateways(folder) as gateways:
            files = [_write(one, gateways, folder) for one in scenarios]
            names = [one.name for one in scenarios]
            lines, ending = await _run(
                [*program, *map(str, files)],
                names,
                lambda done: progress(language, done, len(files)),
            )
            for scenario in scenarios[: len(lines)]:
                report.found[scenario.name] = await _judge(scenario, lines[scenario.name], gateways)
    if len(lines) < len(names):
        fell, *report.not_run = names[len(lines) :]
        report.found[fell] = [f"the runner ended here: {ending}"]
    elif ending:
        report.broken = ending
    if vectors:
        files = [one.file for one in vectors]
        names = [one.name for one in vectors]
        command = [*program, "--vectors", *map(str, files)]
        lines, ending = await _run(command, names, lambda done: None)
        report.vectors = [*unlike(language, vectors, lines, ending)]
    return report


def _write(scenario: Scenario, gateways: Gateways, folder: Path) -> Path:
    target = dict(gateways.targets[scenario.listener])
    if scenario.token:
        target["token"] = TOKEN if scenario.token == "right" else scenario.token
    path = folder / f"{scenario.name}.json"
    path.write_text(json.dumps(scenario.for_runner(target, folder)))
    return path


async def _run(
    command: Sequence[str], names: Sequence[str], progress: Callable[[int], None]
) -> tuple[dict[str, Any], str]:
    """The lines that a runner printed, by their names in this order, and how it ended.

    The words are empty where it printed all of them and ended with 0. What is not the
    next one's output ends it.
    """
    process = await asyncio.create_subprocess_exec(
        *command,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        limit=_LINE,
    )
    assert process.stdout is not None
    assert process.stderr is not None
    said = asyncio.create_task(process.stderr.read())
    lines: dict[str, Any] = {}
    wrong = ""
    try:
        while not wrong and (line := await asyncio.wait_for(process.stdout.readline(), PATIENCE)):
            due = names[len(lines)] if len(lines) < len(names) else "nothing"
            output = _output(line)
            if output is not None and output.get("name") == due:
                lines[due] = output
                progress(len(lines))
            else:
                wrong = f"it printed {line[:200]!r} where the output of {due} was due"
    except TimeoutError:
        wrong = f"it printed nothing for {PATIENCE:g} s"
    if wrong and process.returncode is None:
        process.kill()
    status = await process.wait()
    errors = (await said).decode(errors="replace").strip()
    if not wrong and (status or len(lines) < len(names)):
        wrong = f"it ended with {status} behind {len(lines)} of {len(names)} outputs"
    return lines, f"{wrong}\n{errors[-2000:]}".strip() if wrong else ""


def _output(line: bytes) -> dict[str, Any] | None:
    try:
        output = json.loads(line)
    except ValueError:
        return None
    return output if isinstance(output, dict) else None


async def _judge(scenario: Scenario, output: Mapping[str, Any], gateways: Gateways) -> list[str]:
    places = {
        gateways.targets[scenario.listener]["address"]: "<address>",
        gateways.upstream.removeprefix("http://"): "<upstream>",
    }
    play = STAGE[scenario.name]
    sent = [future_gateway.as_bytes(response) for response in play.sent]
    return [
        *differences(scenario, output, places, sent),
        *await unseen(play, places),
    ]
