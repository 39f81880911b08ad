"""Toolchains and installed programs that a newcomer's machine may lack, and CI may not."""

from __future__ import annotations

import os
import re
import shutil
from collections import defaultdict
from collections.abc import Iterable
from pathlib import Path

import pytest

from tests.running import ROOT

GO_VERSION = re.findall(r"^go (\d+\.\d+)", (ROOT / "clients/go/go.mod").read_text(), re.MULTILINE)[
    0
]
NEEDED = {
    "go": f"Go {GO_VERSION} or newer",
    "mvn": "a JDK 17 or newer and Maven",
    "openssl": "OpenSSL or LibreSSL",
}
"""What to install for a program."""
PROGRAMS = {"go": "go", "java": "mvn"}
"""What the client of a language needs that the Python environment does not bring."""


def needs(program: str, what: str) -> None:
    """Leaves the test out if the program is missing; with LEAVE_NOTHING_OUT it fails."""
    if not shutil.which(program):
        _leave_out(what, f"no `{program}` here; install {NEEDED[program]}")


def made(file: Path, what: str, command: str) -> Path:
    """A file that a step before the tests leaves; the same if it is missing."""
    if not file.exists():
        _leave_out(what, f"not in {file.parent.relative_to(ROOT)}; run `{command}`")
    return file


def left_out(reasons: Iterable[str]) -> list[str]:
    """What was left out in a run, by the reasons of its skips: a line for each cause."""
    found = defaultdict(set)
    for reason in reasons:
        if words := re.search(r"left out: (.+?) \((.+)\)$", reason):
            found[words[2]].add(words[1])
    return [f"left out: {', '.join(sorted(whats))} ({why})" for why, whats in found.items()]


def _leave_out(what: str, why: str) -> None:
    if os.environ.get("LEAVE_NOTHING_OUT"):
        pytest.fail(f"{what} may not be left out: {why}", pytrace=False)
    pytest.skip(f"left out: {what} ({why})")
