"""Runners that lie, leave out, hang and fall are red."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest

from tests.conformance import suite, vectors
from tests.conformance.meddled import MEDDLER, RUNNER, chosen, meddled, said
from tests.conformance.suite import run_language
from tests.conformance.table import table

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


async def test_a_call_that_never_reached_the_provider_is_red(tmp_path: Path) -> None:
    (one,) = chosen("answer-absent")
    program = tmp_path / "made_up.py"
    output = {"name": one.name, "calls": [call["expect"] for call in one.calls]}
    program.write_text(f"print({json.dumps(output)!r})")
    report = await run_language("python", [sys.executable, str(program)], [one])
    (found,) = report.found[one.name]
    assert found == "the provider was asked 0 times, expected 2"


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
