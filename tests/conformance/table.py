"""The reports of all languages as a table, the differences below it."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence

from tests.conformance.scenario import Scenario
from tests.conformance.suite import Report

VECTORS = "(wire vectors)"


def table(scenarios: Sequence[Scenario], reports: Sequence[Report]) -> Iterator[str]:
    """Lines of text: a row a scenario, a column a language."""
    rows = [*(one.name for one in scenarios), VECTORS]
    width = max(map(len, rows))
    yield " " * width + "".join(f"  {report.language}" for report in reports)
    for name in rows:
        marks = (_mark(report, name).center(len(report.language)) for report in reports)
        yield (f"{name:<{width}}" + "".join(f"  {mark}" for mark in marks)).rstrip()


def _mark(report: Report, name: str) -> str:
    if report.left_out:
        return "-"
    if name == VECTORS:
        return "✗" if report.broken or report.vectors else "✓"
    if name in report.not_run:
        return "·"
    return "✗" if report.broken or report.found.get(name) else "✓"


def explained(scenarios: Sequence[Scenario], reports: Sequence[Report]) -> Iterator[str]:
    """Every difference, and what to do about it."""
    for report in reports:
        language = report.language
        if report.left_out:
            yield f"left out: {language} ({report.left_out})"
        if report.broken:
            yield f"\n{language}: the runner is broken\n{report.broken}"
            yield f"To mend: make conformance-runner-{language}, until it builds and ends with 0"
        for scenario in scenarios:
            found = report.found.get(scenario.name)
            if found:
                yield f"\n{scenario.name} in {language}: {scenario.about}"
                yield from found
                yield (
                    f"To mend: clients/{language} or tests/conformance/runners/{language}; where "
                    f"the scenario is wrong, {scenario.file.name}. Again, alone:\n"
                    f"  make conformance ARGS='--language {language} --scenario {scenario.name}'"
                )
        if report.not_run:
            yield f"\nnot run in {language}, behind that: {', '.join(report.not_run)}"
        for vector in report.vectors:
            yield f"\n{VECTORS} in {language}: {vector}"
            yield f"To mend: let tests/conformance/runners/{language} keep what it parsed"


def summary(scenarios: Sequence[Scenario], reports: Sequence[Report]) -> str:
    """The whole in one line."""
    run = [report.language for report in reports if not report.left_out]
    wrong = [report.language for report in reports if not report.good]
    verdict = f"otherwise than expected in {', '.join(wrong)}" if wrong else "as expected"
    return f"{len(scenarios)} scenarios in {', '.join(run) or 'no language'}: {verdict}"


def as_json(scenarios: Sequence[Scenario], reports: Sequence[Report]) -> str:
    """The same for programs."""
    return json.dumps(
        {
            "scenarios": [one.name for one in scenarios],
            "languages": {
                report.language: {
                    "good": report.good and not report.left_out,
                    "left_out": report.left_out,
                    "broken": report.broken,
                    "not_run": report.not_run,
                    "differences": {name: found for name, found in report.found.items() if found},
                    "vectors": report.vectors,
                }
                for report in reports
            },
        },
        indent=1,
        ensure_ascii=False,
    )
