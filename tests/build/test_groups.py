"""Tests of one `xdist_group` run in one worker: a newer pytest once stopped telling of groups."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

GROUP = """
import os, pathlib, pytest

@pytest.mark.xdist_group("one")
@pytest.mark.parametrize("number", range(8))
def test_it(number):
    pathlib.Path(f"{number}.worker").write_text(os.environ["PYTEST_XDIST_WORKER"])
"""


def test_a_group_stays_in_one_worker(tmp_path: Path) -> None:
    (tmp_path / "test_group.py").write_text(GROUP)
    words = ["-n", "2", "--dist", "loadgroup", "-p", "no:cacheprovider", "-c", os.devnull]
    subprocess.run([sys.executable, "-m", "pytest", "-q", *words, "."], cwd=tmp_path, check=True)
    workers = [path.read_text() for path in tmp_path.glob("*.worker")]
    assert len(workers) == 8
    assert len(set(workers)) == 1
