"""The languages that have a runner, and how each runner is built."""

from __future__ import annotations

import asyncio
import os
from pathlib import Path

from tests.running import ROOT

RUNNERS = Path(__file__).parent / "runners"
ORDER = ("python", "go", "java", "typescript")


class NotBuilt(Exception):  # noqa: N818 - it is told, not raised to a caller
    """A runner that could not be built; the text is what make said."""


def languages() -> list[str]:
    """Those with a runner here."""
    return [name for name in ORDER if (RUNNERS / name).is_dir()]


async def build(language: str) -> Path | None:
    """The runner's program; None where its toolchain is missing and may be.

    Raises `NotBuilt` with the output of make.
    """
    program = ROOT / ".build" / "conformance" / language
    environment = {key: value for key, value in os.environ.items() if not key.startswith("MAKE")}
    process = await asyncio.create_subprocess_exec(
        *("make", "-s", "--no-print-directory", f"conformance-runner-{language}"),
        cwd=ROOT,
        env=environment | {"LEAVE_NOTHING_OUT": os.environ.get("LEAVE_NOTHING_OUT", "")},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    said, _ = await process.communicate()
    text = said.decode(errors="replace").strip()
    if process.returncode:
        raise NotBuilt(text)
    if "left out: " in text:
        return None
    if not program.is_file():
        raise NotBuilt(f"{text}\nmake ended well, but {program} is not there")
    return program
