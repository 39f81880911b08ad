"""Each client's own tests, by the tools of its language."""

from __future__ import annotations

import os
import subprocess

import pytest

from tests.conformance.languages import languages
from tests.running import ROOT
from tests.toolchains import PROGRAMS, needs

OF_MAKE = ("ARGS", "MAKEFLAGS", "MFLAGS", "MAKELEVEL")


@pytest.mark.timeout(900)  # a cold cache fetches and compiles first
@pytest.mark.parametrize("language", [name for name in languages() if name != "python"])
def test_the_suite_of_the_client(language: str) -> None:
    if language in PROGRAMS:
        needs(PROGRAMS[language], f"the {language.capitalize()} client")
    # what `make test` was told is for pytest
    inherited = {name: value for name, value in os.environ.items() if name not in OF_MAKE}
    done = subprocess.run(
        ["make", "--no-print-directory", f"test-{language}"],
        cwd=ROOT,
        env=inherited,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    assert done.returncode == 0, f"\n{done.stdout}"
