"""Runs the scenarios in one language after the other against running gateways."""

from __future__ import annotations

import asyncio
import json
import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

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
    outputs: dict[str, Any] = field(default_factory=dict)
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
            lines, ending = await _run(
                [*program, *map(str, files)], lambda done: progress(language, done, len(files))
            )
            for scenario in scenarios:
                report.found[scenario.name] = await _judge(scenario, lines, gateways, report)
    if ending:
        for found in report.found.values():
            if found:
                found.append(ending)
                break
        else:
            report.broken = ending
    if vectors:
        files = [one.file for one in vectors]
        lines, ending = await _run([*program, "--vectors", *map(str, files)], lambda done: None)
        report.vectors = [*unlike(vectors, lines), *([ending] if ending else [])]
    return report


def _write(scenario: Scenario, gateways: Gateways, folder: Path) -> Path:
    target = dict(gateways.targets[scenario.listener])
    if scenario.token:
        target["token"] = TOKEN if scenario.token == "right" else scenario.token
    path = folder / f"{scenario.name}.json"
    path.write_text(json.dumps(scenario.for_runner(target, folder)))
    return path


async def _run(
    command: Sequence[str], progress: Callable[[int], None]
) -> tuple[dict[str, Any], str]:
    """The lines that a runner printed, by their names, and how it ended if not well."""
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
    ending = ""
    try:
        while line := await asyncio.wait_for(process.stdout.readline(), PATIENCE):
            try:
                output = json.loads(line)
                lines[output["name"]] = output
            except (ValueError, KeyError, TypeError):
                ending = f"the runner printed what is no output: {line[:200]!r}"
            progress(len(lines))
    except TimeoutError:
        ending = f"the runner printed nothing for {PATIENCE:g} s behind {len(lines)} outputs"
        process.kill()
    status = await process.wait()
    errors = (await said).decode(errors="replace").strip()
    if status and not ending:
        ending = f"the runner ended with {status}"
    return lines, f"{ending}\n{errors[-2000:]}".strip() if ending else ""


async def _judge(
    scenario: Scenario, lines: Mapping[str, Any], gateways: Gateways, report: Report
) -> list[str]:
    output = lines.get(scenario.name)
    if output is None:
        return ["the runner printed no output for this scenario"]
    places = {
        gateways.targets[scenario.listener]["address"]: "<address>",
        gateways.upstream.removeprefix("http://"): "<upstream>",
    }
    report.outputs[scenario.name] = output
    return [
        *differences(scenario, output, places),
        *await unseen(STAGE[scenario.name], places),
    ]
