"""The benchmark runs, refuses wrong answers, and reports in the shape it promises."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from benchmarks import __main__ as command
from benchmarks import answers, cancel
from benchmarks.load import connected, load, unary
from benchmarks.measure import Figures, Measured
from benchmarks.processes import listening, python
from benchmarks.report import with_table
from benchmarks.systems import FLOOR, System

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def report() -> Any:
    """What one short run of the command says."""
    systems = ("floor", "bare-echo", "gateway", "gateway-echo")
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks", "--quick", "--json", "--only", *systems],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=100,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""
    return json.loads(done.stdout)


def test_json_has_every_figure(report: Any) -> None:
    assert set(report["machine"]) >= {"cores", "Python", "grpcio", "aiohttp"}
    assert report["rounds"] == 1
    assert set(report["scenarios"]) == {"unary", "burst", "paced"}
    floor, echo = report["systems"]["floor"], report["systems"]["bare-echo"]
    assert set(floor["figures"]) == set(report["scenarios"])
    assert set(echo["figures"]) == {"unary", "burst"}
    for system in report["systems"].values():
        assert system["seconds_to_ready"] > 0
        assert system["resident_mb"] > 1
        for figures in system["figures"].values():
            assert figures["cpu_ms"][0] == figures["median_cpu_ms"] > 0
            assert len(figures["first_message_ms"]) == len(figures["calls_per_second"]) == 1
    assert {figures["ratio_to_floor"] for figures in floor["figures"].values()} == {1.0}
    paced = report["systems"]["floor"]["figures"]["paced"]
    assert paced["calls_per_second"][0] < 4 / (answers.STREAM_TOKENS * answers.PACE_SECONDS)


def test_the_gateway_is_measured_beside_the_floor(report: Any) -> None:
    assert set(report["systems"]["gateway"]["figures"]) == set(report["scenarios"])
    for system in report["systems"].values():
        assert all(figures["ratio_to_floor"] > 0 for figures in system["figures"].values())


def test_the_table_goes_between_the_marks_of_the_page() -> None:
    once = with_table(command.DOCS.read_text(encoding="utf-8"), "| a table |")
    assert once.count("| a table |") == 1
    twice = with_table(once, "| another |")
    assert "| a table |" not in twice
    assert twice.replace("| another |", "| a table |") == once
    with pytest.raises(ValueError, match="lacks the lines"):
        with_table("no marks", "| a table |")


def test_the_table_has_a_row_for_each_system(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    async def measured(systems: Sequence[System], *_: object) -> list[Measured]:
        assert systems == [FLOOR]
        figures = {name: Figures([2.0], [3.0], [4.0]) for name in ("unary", "burst", "paced")}
        return [Measured(FLOOR, 0.5, 60.0, figures)]

    monkeypatch.setattr(command, "measure", measured)
    monkeypatch.setattr(sys, "argv", ["benchmarks", "--quick", "--only", "floor"])
    command.main()
    lines = capsys.readouterr().out.splitlines()
    heading, ruler, floor = (line.strip("|").split("|") for line in lines[:3])
    assert len(heading) == len(ruler) == len(floor) == 6
    assert "the floor" in floor[0]
    assert all("(1.00 x)" in cell for cell in floor[1:4])
    assert [cell.strip() for cell in floor[4:]] == ["60", "0.5"]


async def test_a_wrong_answer_stops_the_measurement(monkeypatch: pytest.MonkeyPatch) -> None:
    async with (
        python(["-m", "benchmarks.floor", "echo", "0"], {}, listening) as process,
        connected(process.port) as stub,
    ):
        outcome = await load(unary, stub, "any", 3, 2)
        assert len(outcome.first_message_seconds) == 3
        short = answers.request(answers.UNARY_TOKENS - 1, "any")
        monkeypatch.setattr(answers, "request", lambda tokens, model: short)
        with pytest.raises(ExceptionGroup) as raised:
            await load(unary, stub, "any", 3, 2)
    assert raised.group_contains(ValueError, match="a wrong answer")


async def test_a_program_that_fails_says_why() -> None:
    program = ["-c", "print('gone'); raise SystemExit(3)"]
    with pytest.raises(RuntimeError, match="ended with code 3:\ngone"):
        async with python(program, {}, listening):
            pass


async def test_cpu_time_is_that_of_the_process_alone() -> None:
    spin = "import time\nwhile time.process_time() < 0.3: pass\n"
    spin += "print('127.0.0.1:1')\ntime.sleep(60)"
    async with python(["-c", spin], {}, listening) as process:
        assert process.cpu_seconds() >= 0.3
        spent = process.cpu_seconds()
        own = time.process_time()
        while time.process_time() < own + 0.3:
            pass
        assert process.cpu_seconds() - spent < 0.1


async def test_the_cancel_benchmark_measures_closed_connections() -> None:
    times = await cancel.measure(3)
    assert len(times) == 3
    assert "| llmrpc |" in cancel.table(times)
