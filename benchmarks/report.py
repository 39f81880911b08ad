"""The figures as a table for people, and as JSON for machines."""

from __future__ import annotations

import os
import platform
from collections.abc import Sequence
from importlib.metadata import PackageNotFoundError, version
from statistics import median
from typing import Any

from benchmarks.measure import Figures, Measured, Scenario
from benchmarks.systems import FLOOR

_PACKAGES = ("grpcio", "protobuf", "aiohttp", "msgspec", "uvloop")
MARKS = ("<!-- make bench ARGS=--docs writes from here -->", "<!-- to here -->")
_UNMEASURED = "-"


def as_json(results: Sequence[Measured], chosen: Sequence[Scenario], rounds: int) -> dict[str, Any]:
    """All figures, each a list with a value for each round, and medians."""
    floor = _floor(results)
    return {
        "machine": machine(),
        "rounds": rounds,
        "scenarios": {
            each.name: {"calls": each.count, "callers": each.callers, "tokens": each.tokens}
            for each in chosen
        },
        "systems": {
            each.system.name: {
                "title": each.system.title,
                "seconds_to_ready": round(each.seconds_to_ready, 3),
                "resident_mb": round(each.resident_mb, 1),
                "figures": {
                    name: {
                        "cpu_ms": figures.cpu_ms,
                        "first_message_ms": figures.first_message_ms,
                        "calls_per_second": figures.calls_per_second,
                        "median_cpu_ms": median(figures.cpu_ms),
                        "ratio_to_floor": _ratio(figures, floor.get(name)),
                    }
                    for name, figures in each.figures.items()
                },
            }
            for each in results
        },
    }


def as_table(results: Sequence[Measured], chosen: Sequence[Scenario], rounds: int) -> str:
    """A table in Markdown, with what it was measured on above it."""
    floor = _floor(results)
    columns = {scenario.name: _heading(scenario) for scenario in chosen}
    head = ["CPU time of the server", *columns.values(), "resident MB", "s to ready"]
    lines = [_line(head), _line(["---"] * len(head))]
    for each in results:
        cells = [each.system.title]
        for scenario in chosen:
            figures = each.figures.get(scenario.name)
            cells.append(_cell(figures, floor.get(scenario.name), scenario))
        cells += [f"{each.resident_mb:.0f}", f"{each.seconds_to_ready:.1f}"]
        lines.append(_line(cells))
    counts = ", ".join(f"{each.count} calls {each.name}" for each in chosen)
    about = ", ".join(f"{name} {value}" for name, value in machine().items())
    return "\n".join([*lines, "", f"Median of {rounds} rounds of {counts}; {about}."])


def with_table(page: str, table: str, marks: tuple[str, str] = MARKS) -> str:
    """The page with the table between its two marks. Raises `ValueError` without them."""
    before, first, rest = page.partition(marks[0])
    _, second, after = rest.partition(marks[1])
    if not (first and second):
        raise ValueError(f"the page lacks the lines {marks}")
    return f"{before}{first}\n{table}\n{second}{after}"


def machine() -> dict[str, str]:
    """What the figures were measured on."""
    found = {"cores": str(os.cpu_count()), "Python": platform.python_version()}
    for package in _PACKAGES:
        try:
            found[package] = version(package)
        except PackageNotFoundError:
            continue
    return found


def _heading(scenario: Scenario) -> str:
    if scenario.tokens == 1:
        return f"ms a {scenario.name} call"
    return f"ms a {scenario.name} stream of {scenario.tokens} tokens"


def _cell(figures: Figures | None, floor: Figures | None, scenario: Scenario) -> str:
    if figures is None:
        return _UNMEASURED
    spent = median(figures.cpu_ms)
    text = f"{spent:.2f}"
    ratio = _ratio(figures, floor)
    if ratio is not None:
        text += f" ({ratio:.2f} x)"
    if scenario.tokens > 1:
        text += f", {spent / scenario.tokens * 1000:.0f} µs a token"
    return text


def _ratio(figures: Figures, floor: Figures | None) -> float | None:
    """The median of what each round says, since rounds differ more than their ratios."""
    if floor is None:
        return None
    pairs = zip(figures.cpu_ms, floor.cpu_ms, strict=True)
    return median(mine / other for mine, other in pairs)


def _floor(results: Sequence[Measured]) -> dict[str, Figures]:
    return next((each.figures for each in results if each.system is FLOOR), {})


def _line(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cells)} |"
