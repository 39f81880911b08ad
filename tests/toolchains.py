"""Toolchains that a newcomer's machine may lack, and CI may not."""

from __future__ import annotations

import os
import re
import shutil

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

left_out: dict[str, str] = {}
"""What was left out in this run, and why."""


def needs(program: str, what: str) -> None:
    """Leaves the test out where the program is missing; with LEAVE_NOTHING_OUT it fails."""
    if shutil.which(program):
        return
    why = f"no `{program}` here; install {NEEDED[program]}"
    if os.environ.get("LEAVE_NOTHING_OUT"):
        pytest.fail(f"{what} may not be left out: {why}", pytrace=False)
    left_out[what] = why
    pytest.skip(f"left out: {what} ({why})")
