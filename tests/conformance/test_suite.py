"""What the suite compares, how it runs languages, and what its command and its table show."""

from __future__ import annotations

import base64
import json
import sys
from copy import deepcopy
from dataclasses import replace
from pathlib import Path

import pytest

from tests.conformance import __main__ as command
from tests.conformance import scenario, vectors
from tests.conformance.compare import differences, unseen
from tests.conformance.languages import NotBuilt
from tests.conformance.meddled import RUNNER, chosen, said
from tests.conformance.play import Play
from tests.conformance.suite import Report
from tests.conformance.table import explained, summary, table
from tests.conformance.together import run_languages
from tests.making import BUILDS

# The real runner, once another one runs too.
MEETING = """#!{python}
import os, pathlib, sys, time
pathlib.Path({mine!r}).touch()
while not pathlib.Path({other!r}).exists():
    time.sleep(0.01)
os.execv(sys.executable, [sys.executable, {runner!r}, *sys.argv[1:]])
"""


def test_languages_run_at_the_same_time_and_each_has_what_it_asked(tmp_path: Path) -> None:
    programs = {name: tmp_path / name for name in ("python", "go")}
    for program, other in zip(programs.values(), reversed(programs.values()), strict=True):
        files = {"mine": f"{program}-runs", "other": f"{other}-runs"}
        program.write_text(MEETING.format(python=sys.executable, runner=str(RUNNER), **files))
        program.chmod(0o755)
    reports = run_languages(programs, chosen("answer-absent", "cancel-an-answer"), [])
    assert [report.language for report in reports] == ["python", "go"]
    assert all(report.good for report in reports), "\n".join(map(said, reports))


def test_a_suite_that_falls_is_told(capfd: pytest.CaptureFixture[str]) -> None:
    (one,) = chosen("answer-zero")
    (report,) = run_languages({"python": RUNNER}, [replace(one, listener="unheard-of")], [])
    assert report.broken == "the suite itself ended with 1"
    assert "KeyError: 'unheard-of'" in capfd.readouterr().err


@pytest.mark.parametrize(
    ("meddling", "name"),
    [
        ("call['response']['tokensUsed'] = False", "answer-zero"),
        ("call['response']['new'] = 1", "answer-zero"),
        ("call['error']['colour'] = 'red'", "rate-limited"),
        ("call['error']['colour'] = 'red'", "nobody-there"),
        ("del call['error']['retry_delay']", "provider-rate-limited"),
        ("call['error']['retry_delay'] = '8.000001s'", "provider-rate-limited"),
        ("output['calls'].pop()", "answer-zero"),
        ("output['calls'][0] = None", "answer-zero"),
        ("call['events'].append({'sequence': 5})", "stream-text"),
        ("call['events'].pop()", "stream-text"),
        ("call['accumulated'] = {}", "stream-text"),
        (
            "call['accumulated'] = call['events'][-1]['completed'] | {'requestId': 'b'}",
            "stream-text",
        ),
        ("call['results'][0]['error']['request_id'] = 'batch-2/6'", "batch-mixed"),
    ],
)
def test_an_output_of_its_own_is_red(meddling: str, name: str) -> None:
    (one,) = chosen(name)
    output = {"name": name, "calls": [deepcopy(call["expect"]) for call in one.calls]}
    assert not list(differences(one, output, {}))
    exec(meddling, {"output": output, "call": output["calls"][0]})  # noqa: S102 - of this file
    assert list(differences(one, output, {}))


def test_the_results_of_a_batch_come_in_any_order_but_of_one_id() -> None:
    (one,) = chosen("batch-mixed")
    first, second, third, *more = one.calls[0]["expect"]["results"]
    assert (first["id"], second["id"], third["id"]) == ("", "a", "a")
    for results, wrong in (
        ([*more, second, first, third], False),
        ([first, third, second, *more], True),
        ([first, second, *more], True),
    ):
        assert bool([*differences(one, {"calls": [{"results": results}]}, {})]) is wrong


def test_a_call_with_a_key_that_nobody_reads_is_refused(tmp_path: Path) -> None:
    call = {"method": "Generate", "timeout": 5, "expect": {}}
    (tmp_path / "a.json").write_text(json.dumps({"name": "a", "about": "", "calls": [call]}))
    with pytest.raises(ValueError, match="a: a call has no timeout"):
        scenario.load(tmp_path)


async def test_a_cancel_that_reaches_nobody_is_red(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tests.conformance.play.LIMIT", 0.1)
    (one,) = chosen("cancel-in-the-middle")
    play = Play(one, tmp_path)
    play.next({})
    (found,) = await unseen(play, {})
    assert "was never closed" in found


@pytest.mark.parametrize("language", ["go", "java"])
def test_the_order_of_fields_may_differ_where_it_is_told(language: str) -> None:
    (one,) = (vector for vector in vectors.load() if vector.name == "part-zeros")
    ordered, text = base64.b64decode(one.bytes), b"\x0a\x00"
    for data, differs in (
        (ordered, language == "go"),
        (ordered.removeprefix(text) + text, language != "go"),
        (ordered + text, True),
        (ordered.removeprefix(text), True),
        (ordered[:-1], True),
    ):
        line = {"bytes": base64.b64encode(data).decode(), "json": one.json}
        assert bool([*vectors.unlike(language, [one], {one.name: line})]) is differs, data


def test_the_table_has_a_row_a_scenario_and_a_column_a_language() -> None:
    good, bad = Report("python", {"answer-zero": []}), Report("go", {"answer-zero": ["-a\n+b"]})
    out = Report("java", left_out="no `mvn` here")
    header, row, wire = table(chosen("answer-zero"), [good, bad, out])
    assert header.split() == ["python", "go", "java"]
    assert row.split() == ["answer-zero", "✓", "✗", "-"]
    assert wire.split()[2:] == ["✓", "✓", "-"]
    assert "left out: java (no `mvn` here)" in "\n".join(explained([], [out]))
    told = summary(chosen("answer-zero"), [good, bad, out])
    assert told == "1 scenarios in python, go: otherwise than expected in go"
    assert summary([], [good, out]) == "0 scenarios in python: as expected"


@BUILDS
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
    monkeypatch.setattr(command, "build", lambda names: {names[0]: NotBuilt("no rule to make it")})
    assert command.main(["--language", "python", "--scenario", "answer-zero"]) == 1
    out = capsys.readouterr().out
    assert "✗" in out
    assert "no rule to make it" in out
