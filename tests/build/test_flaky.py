"""The hunt for luck names what failed once, and leaves nothing running."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests import flaky


@pytest.fixture
def outcomes(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[list[tuple[bool, str]]]:
    """What each command ends with: whether it was good, and what it wrote."""
    told: list[tuple[bool, str]] = []

    def run(words: list[str], log: Path) -> bool:
        good, text = told.pop(0)
        log.write_text(text)
        return good

    monkeypatch.setattr(flaky, "run", run)
    monkeypatch.setattr(flaky, "LOGS", tmp_path)
    yield told
    assert not told, "every command was run"


def test_what_failed_once_is_named(outcomes: list[tuple[bool, str]]) -> None:
    outcomes += [
        (True, "4000 passed"),
        (False, "FAILED tests/a.py::test_b - assert 1\nERROR tests/c.py::test_d\n"),
        (False, "FAILED tests/a.py::test_b - assert 1\n"),
    ]
    failures = flaky.hunt(runs=3, client_runs=0, loops=0)
    assert failures == {"tests/a.py::test_b": 2, "tests/c.py::test_d": 1}


def test_a_run_that_breaks_before_its_first_test_counts(outcomes: list[tuple[bool, str]]) -> None:
    outcomes += [(False, "make: no rule"), (False, "make: no rule")]
    failures = flaky.hunt(runs=1, client_runs=1, loops=0)
    assert len(failures) == 2
    assert all("see" in name for name in failures)


def test_the_busy_loops_end() -> None:
    with flaky.busy_loops(2) as loops:
        assert all(loop.poll() is None for loop in loops)
    assert all(loop.poll() is not None for loop in loops)
    for loop in loops:
        with pytest.raises(ProcessLookupError):
            os.kill(loop.pid, 0)
