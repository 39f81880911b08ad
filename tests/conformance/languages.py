"""The languages that have a runner, and how each runner is built."""

from __future__ import annotations

import asyncio
import os
import re
from pathlib import Path

from tests.running import ROOT

RUNNERS = Path(__file__).parent / "runners"
_LEFT_OUT = re.compile(r"left out: .* \((.*)\)")


class NotBuilt(Exception):  # noqa: N818 - it is told, not raised to a caller
    """A runner that could not be built; the text is what make said."""


class LeftOut(Exception):  # noqa: N818 - as above
    """A runner whose toolchain is missing, and may be; the text says what to install."""


def languages() -> list[str]:
    """All that have a runner here, Python first: the other clients were made after it."""
    names = (path.name for path in RUNNERS.iterdir() if path.is_dir())
    return sorted(names, key=lambda name: (name != "python", name))


async def build(language: str) -> Path:
    """The runner's program. Raises `LeftOut`, or `NotBuilt` with the output of make."""
    program = ROOT / ".build" / "conformance" / language
    environment = {key: value for key, value in os.environ.items() if not key.startswith("MAKE")}
    process = await asyncio.create_subprocess_exec(
        *("make", "-s", "--no-print-directory", f"conformance-runner-{language}"),
        cwd=ROOT,
        env=environment,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    said, _ = await process.communicate()
    text = said.decode(errors="replace").strip()
    if process.returncode:
        raise NotBuilt(text)
    if why := _LEFT_OUT.search(text):
        raise LeftOut(why[1])
    if not program.is_file():
        raise NotBuilt(f"{text}\nmake ended well, but {program} is not there")
    return program
