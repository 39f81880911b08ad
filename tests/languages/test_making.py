"""What tests share is built by one process at a time, and not again."""

from __future__ import annotations

import fcntl
from pathlib import Path

import pytest

from tests.conformance.languages import build, languages
from tests.making import BUILDS, LOCK, alone
from tests.toolchains import PROGRAMS, needs


@BUILDS
def test_one_builds_at_a_time() -> None:
    with alone(), LOCK.open() as other, pytest.raises(BlockingIOError):
        fcntl.flock(other, fcntl.LOCK_EX | fcntl.LOCK_NB)
    with LOCK.open() as other:
        fcntl.flock(other, fcntl.LOCK_EX)


@BUILDS
@pytest.mark.parametrize("language", languages())
def test_a_runner_is_not_built_again(language: str) -> None:
    if language in PROGRAMS:
        needs(PROGRAMS[language], f"the runner of the {language.capitalize()} client")
    program = build([language])[language]
    assert isinstance(program, Path), program
    made = program.stat()
    assert build([language])[language] == program
    assert program.stat().st_mtime_ns == made.st_mtime_ns
