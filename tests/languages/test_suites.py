"""Each client's own tests, by the tools of its language."""

from __future__ import annotations

import subprocess

import pytest

from tests.running import ROOT
from tests.toolchains import needs


@pytest.mark.timeout(900)  # a cold cache fetches and compiles first
@pytest.mark.parametrize(
    ("language", "program"), [("go", "go"), ("java", "mvn"), ("typescript", None)]
)
def test_the_suite_of_the_client(language: str, program: str | None) -> None:
    if program:
        needs(program, f"the {language.capitalize()} client")
    done = subprocess.run(
        ["make", "--no-print-directory", f"test-{language}"],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    assert done.returncode == 0, f"\n{done.stdout}"
