"""`make` from inside a test: one at a time, since all of them build into the same folders.

A test that builds is marked with BUILDS: it may wait for the build of another, or build itself.
"""

from __future__ import annotations

import fcntl
import os
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

import pytest

from tests.running import ROOT

BUILDS = pytest.mark.timeout(900)
"""A cold cache fetches and compiles first."""

OF_MAKE = ("ARGS", "MAKEFLAGS", "MFLAGS", "MAKELEVEL")
"""What `make test` was called with is for pytest."""
LOCK = ROOT / ".build" / "making.lock"


def make(
    *words: str, environment: Mapping[str, str] | None = None
) -> subprocess.CompletedProcess[str]:
    """Runs make with these words, and reads what it prints and complains as one text."""
    inherited = {name: value for name, value in os.environ.items() if name not in OF_MAKE}
    return subprocess.run(
        ["make", "--no-print-directory", *words],
        cwd=ROOT,
        env=inherited | dict(environment or {}),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )


@contextmanager
def alone() -> Iterator[None]:
    """While it is open no other process of this clone builds what tests share."""
    LOCK.parent.mkdir(exist_ok=True)
    with LOCK.open("a") as file:
        fcntl.flock(file, fcntl.LOCK_EX)  # until the file is closed
        yield
