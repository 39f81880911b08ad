"""The suite itself shows what is wrong: runners that lie, leave out, hang and fall."""

from __future__ import annotations

import base64
import json
import sys
from pathlib import Path

import pytest

from tests.conformance import __main__ as command
from tests.conformance import scenario, suite, vectors
from tests.conformance.compare import unseen
from tests.conformance.languages import NotBuilt
from tests.conformance.play import Play
from tests.conformance.scenario import Scenario
from tests.conformance.suite import Report, run_language
from tests.conformance.table import explained, table
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


async def test_a_runner_without_the_error_mapping_is_red(tmp_path: Path) -> None:
    meddling = "for call in output['calls']:\n    call |= {'error': {'kind': 'LLMClient'}}"
    report = await meddled(tmp_path, meddling, "rate-limited")
    assert not report.good
    assert [name for name, found in report.found.items() if found] == ["rate-limited"]
    assert '-  "reason": "RATE_LIMITED",' in said(report)
    assert "--language python --scenario rate-limited" in said(report)


async def test_a_runner_that_swaps_two_events_is_red(tmp_path: Path) -> None:
    meddling = "events = output['calls'][0]['events']\nevents[0], events[1] = events[1], events[0]"
    report = await meddled(tmp_path, meddling, "stream-text")
    assert report.found["stream-text"]


async def test_an_output_that_lacks_a_scenario_is_red(tmp_path: Path) -> None:
    meddling = "if output['name'] == 'answer-zero': continue"
    report = await meddled(tmp_path, meddling, "answer-zero", "answer-absent")
    assert report.found == {
        "answer-absent": [],
        "answer-zero": ["the runner printed no output for this scenario"],
    }


async def test_a_call_that_never_reached_the_provider_is_red(tmp_path: Path) -> None:
    (one,) = chosen("answer-absent")
    program = tmp_path / "made_up.py"
    output = {"name": one.name, "calls": [call["expect"] for call in one.calls]}
    program.write_text(f"print({json.dumps(output)!r})")
    report = await run_language("python", [sys.executable, str(program)], [one])
    (found,) = report.found[one.name]
    assert found == "the provider was asked 0 times, expected 2"


async def test_a_cancel_that_reaches_nobody_is_red(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tests.conformance.play.LIMIT", 0.1)
    (one,) = chosen("cancel-in-the-middle")
    play = Play(one, tmp_path)
    play.next({})
    (found,) = await unseen(play, {})
    assert "was never closed" in found


async def test_a_runner_that_falls_is_told_with_its_last_words(tmp_path: Path) -> None:
    program = tmp_path / "falls.py"
    program.write_text("import sys; sys.exit('no such library')")
    report = await run_language("python", [sys.executable, str(program)], chosen("answer-zero"))
    assert "no such library" in said(report)
    assert "ended with 1" in said(report)


async def test_a_runner_that_hangs_is_ended(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(suite, "PATIENCE", 0.3)
    program = tmp_path / "hangs.py"
    program.write_text("import time; time.sleep(60)")
    report = await run_language("python", [sys.executable, str(program)], chosen("answer-zero"))
    assert "printed nothing for 0.3 s" in said(report)


async def test_a_vector_that_loses_a_byte_is_red(tmp_path: Path) -> None:
    program = tmp_path / "loses.py"
    meddling = "    if output['name'] == 'unknown-fields': output['bytes'] = 'CAE='"
    program.write_text(MEDDLER.format(runner=str(RUNNER), meddling=meddling))
    report = await run_language("python", [sys.executable, str(program)], [], [*vectors.load()])
    (found,) = report.vectors
    assert found.startswith("unknown-fields: the bytes differ")
    assert "CAE=" in found


def test_only_the_order_of_fields_may_differ() -> None:
    (one,) = (vector for vector in vectors.load() if vector.name == "part-zeros")
    ordered, text = base64.b64decode(one.bytes), b"\x0a\x00"
    for data, differs in (
        (ordered.removeprefix(text) + text, False),
        (ordered + text, True),
        (ordered.removeprefix(text), True),
        (ordered[:-1], True),
    ):
        line = {"bytes": base64.b64encode(data).decode(), "json": one.json}
        assert bool(list(vectors.unlike([one], {one.name: line}))) is differs, data


def test_the_table_has_a_row_a_scenario_and_a_column_a_language() -> None:
    good, bad = Report("python", {"answer-zero": []}), Report("go", {"answer-zero": ["-a\n+b"]})
    out = Report("java", left_out="no `mvn` here")
    header, row, wire = table(chosen("answer-zero"), [good, bad, out])
    assert header.split() == ["python", "go", "java"]
    assert row.split() == ["answer-zero", "✓", "✗", "-"]
    assert wire.split()[2:] == ["✓", "✓", "-"]
    assert "left out: java (no `mvn` here)" in "\n".join(explained([], [out]))


def test_the_command(capsys: pytest.CaptureFixture[str]) -> None:
    ask = ["--language", "python", "--scenario", "answer-z*"]
    assert command.main([*ask, "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["scenarios"] == ["answer-zero"]
    assert told["languages"]["python"]["good"] is True
    assert command.main(["--scenario", "no-such"]) == 2
    assert "answer-zero" in capsys.readouterr().err


def test_a_runner_that_does_not_build(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    async def build(language: str) -> None:
        raise NotBuilt("no rule to make it")

    monkeypatch.setattr(command, "build", build)
    assert command.main(["--language", "python", "--scenario", "answer-zero"]) == 1
    out = capsys.readouterr().out
    assert "✗" in out
    assert "no rule to make it" in out
