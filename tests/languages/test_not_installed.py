"""Without the programs that make installs, pytest leaves their tests out and says so once."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests import mock_provider
from tests.running import ROOT
from tests.toolchains import needs
from tests.tools import programs

WITHOUT_PROGRAMS = """
import pytest

from tests import mock_provider
from tests.running import ROOT
from tests.tools import programs

programs.TOOLS = ROOT / "no-tools"
mock_provider.PROGRAM = ROOT / "no-mock/cli.js"


@pytest.mark.parametrize("name", ["grpcurl", "ghz"])
async def test_a_tool(name):
    await programs.run(name)


async def test_the_mock_provider():
    async with mock_provider.running_aimock("examples.json"):
        pass
"""


def test_a_run_without_installed_programs_ends_with_a_line_for_each_cause(tmp_path: Path) -> None:
    needs("go", "the tools in Go")
    (tmp_path / "test_without.py").write_text(WITHOUT_PROGRAMS)
    words = ("-q", "-p", "tests.conftest", "-c", str(ROOT / "pyproject.toml"), str(tmp_path))
    done = subprocess.run(
        [sys.executable, "-m", "pytest", *words],
        cwd=ROOT,
        env=os.environ | {"LEAVE_NOTHING_OUT": ""},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout
    assert [line for line in done.stdout.splitlines() if line.startswith("left out")] == [
        "left out: ghz, grpcurl (not in no-tools; run `make tools`)",
        "left out: aimock (not in no-mock; run `make test`)",
    ]


async def test_an_installed_program_may_not_be_left_out_then(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    needs("go", "the tools in Go")
    monkeypatch.setattr(programs, "TOOLS", ROOT / "no-tools")
    monkeypatch.setattr(mock_provider, "PROGRAM", ROOT / "no-mock/cli.js")
    monkeypatch.setenv("LEAVE_NOTHING_OUT", "1")
    with pytest.raises(pytest.fail.Exception, match="grpcurl may not be left out"):
        await programs.run("grpcurl")
    with pytest.raises(pytest.fail.Exception, match="aimock may not be left out"):
        async with mock_provider.running_aimock("examples.json"):
            pass
