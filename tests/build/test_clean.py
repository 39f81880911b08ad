"""`make clean` removes every folder that building and testing leave behind."""

from __future__ import annotations

import subprocess

from tests.running import ROOT


def said(*command: str) -> str:
    return subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True).stdout


def test_no_made_folder_is_left() -> None:
    removed = said("make", "--no-print-directory", "-n", "clean").split()
    made = said("git", "ls-files", "--others", "--ignored", "--exclude-standard", "--directory")
    folders = [line.rstrip("/") for line in made.splitlines() if line.endswith("/")]
    # `find` takes the compiled Python, wherever it is
    left = [each for each in folders if each not in removed and not each.endswith("__pycache__")]
    assert left == []
    assert "clients/java/target" in removed
