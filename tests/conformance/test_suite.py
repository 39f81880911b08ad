"""The suite itself shows what is wrong: runners that lie, leave out, hang and fall."""

from __future__ import annotations

import base64
import json
import sys
from copy import deepcopy
from dataclasses import replace
from pathlib import Path

import pytest

from tests.conformance import __main__ as command
from tests.conformance import scenario, suite, vectors
from tests.conformance.compare import differences, unseen
from tests.conformance.languages import NotBuilt
from tests.conformance.play import Play
from tests.conformance.scenario import Scenario
from tests.conformance.suite import Report, run_language
from tests.conformance.table import explained, summary, table
from tests.conformance.together import run_languages
from tests.making import BUILDS
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

# The real runner, in whose client something is otherwise.
CHANGED = """
import runpy, sys
import llmrpc
from llmrpc import v1 as pb
module = sys.modules["llmrpc.accumulate"]
add, accumulate = module.Accumulator.add, module.accumulate
{change}
runpy.run_path({runner!r}, run_name="__main__")
"""
REFUSES = """
def strict(self, delta):
    if delta.WhichOneof("kind") is None:
        raise llmrpc.StreamInterruptedError("a kind that nobody knows")
    add(self, delta)
module.Accumulator.add = strict
"""
COUNTS_NOT = """
module.Accumulator.add = lambda self, delta: delta.WhichOneof("kind") and add(self, delta)
"""
FORGETS = """
async def known(events):
    response = await accumulate(events)
    response.DiscardUnknownFields()
    return response
llmrpc.accumulate = known
"""
REBUILDS = """
async def again(events):
    response = await accumulate(events)
    fields = {field.name: value for field, value in response.ListFields()}
    return pb.LLMResponse(**fields)
llmrpc.accumulate = again
"""
BROKEN = '+  "reason": "STREAM_INTERRUPTED"'
NEVER_RESTARTS = "module.Accumulator.restart = lambda self: None"


# The real runner, once another one runs too.
MEETING = """#!{python}
import os, pathlib, sys, time
pathlib.Path({mine!r}).touch()
while not pathlib.Path({other!r}).exists():
    time.sleep(0.01)
os.execv(sys.executable, [sys.executable, {runner!r}, *sys.argv[1:]])
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


async def test_a_runner_that_swaps_two_events_is_red(tmp_path: Path) -> None:
    meddling = "events = output['calls'][0]['events']\nevents[0], events[1] = events[1], events[0]"
    report = await meddled(tmp_path, meddling, "stream-text")
    assert report.found["stream-text"]


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (REFUSES, {"future-kinds": BROKEN}),
        (COUNTS_NOT, {"future-kinds": BROKEN, "future-skipped": '"accumulated": "<as completed>"'}),
        (FORGETS, {"future-known-later": "-  true,"}),
        (REBUILDS, {"future-kinds": '- "bytes": "<as sent>"'}),
        (NEVER_RESTARTS, {"future-restarted": BROKEN, "stream-waiting-and-restarted": BROKEN}),
    ],
    ids=["refuses", "counts-not", "forgets", "rebuilds", "never-restarts"],
)
async def test_a_client_that_takes_no_later_gateway_is_red(
    tmp_path: Path, change: str, told: dict[str, str]
) -> None:
    program = tmp_path / "changed.py"
    program.write_text(CHANGED.format(runner=str(RUNNER), change=change))
    report = await run_language("python", [sys.executable, str(program)], chosen(*told))
    for name, words in told.items():
        assert words in "\n".join(report.found[name])


@pytest.mark.parametrize(
    ("meddling", "said_of_it"),
    [
        ("if output['name'] == 'answer-zero': continue", 'it printed b\'{"name": "finish'),
        ("if output['name'] == 'answer-zero': raise SystemExit('fallen')", "\nfallen"),
        ("if output['name'] == 'answer-zero': break", "it ended with 0 behind 1 of 3 outputs"),
        ("if output['name'] == 'answer-zero': print('Hello')", "it printed b'Hello\\n' where"),
        ("if output['name'] == 'answer-zero': print('[]')", "where the output of answer-zero"),
        ("if output['name'] == 'answer-zero': print(last)\nlast = json.dumps(output)", "answer-ab"),
    ],
    ids=["skips", "falls", "ends", "talks", "prints-no-object", "prints-the-last-again"],
)
async def test_where_a_runner_ended_and_what_was_not_run(
    tmp_path: Path, meddling: str, said_of_it: str
) -> None:
    names = ("answer-absent", "answer-zero", "finish-reasons")
    report = await meddled(tmp_path, meddling, *names)
    (found,) = report.found["answer-zero"]
    assert found.startswith("the runner ended here: ")
    assert said_of_it in found
    assert report.found["answer-absent"] == []
    assert report.not_run == ["finish-reasons"]
    assert "not run in python, behind that: finish-reasons" in said(report)
    marks = [line.split()[-1] for line in table(chosen(*names), [report])]
    assert marks == ["python", "✓", "✗", "·", "✓"]


async def test_a_runner_without_output_is_red(tmp_path: Path) -> None:
    (tmp_path / "silent.py").touch()
    command = [sys.executable, str(tmp_path / "silent.py")]
    report = await run_language("python", command, chosen("answer-zero"), vectors.load()[:3])
    assert report.found["answer-zero"]
    (found,) = report.vectors
    assert "it ended with 0 behind 0 of 3 outputs" in found


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
