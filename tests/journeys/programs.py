"""The programs of `examples/` and of pages, run as a person runs them."""

from __future__ import annotations

import asyncio
import os
import re
import sys
from dataclasses import dataclass
from pathlib import Path

from tests.docs.pages import ROOT

EXAMPLES = ROOT / "examples"
MODEL = "gpt-4o"
"""What they are asked to call: a model that aimock's fixtures answer for."""


@dataclass(frozen=True)
class Run:
    """What a program prints against aimock (a pattern for all of it), and against echo."""

    prints: str
    given: str = ""
    """Lines that are typed."""
    echoes: str | None = None
    """A pattern for what it prints against echo; None: echo lacks what it needs."""
    arguments: tuple[str, ...] = (MODEL,)


def example(name: str) -> Path:
    """The file of an example."""
    return EXAMPLES / f"{name}.py"


async def run(
    program: Path, address: str, *arguments: str, given: str = "", folder: Path | None = None
) -> str:
    """What the program prints; it must end well and complain of nothing."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-W", "error", str(program), *arguments),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        cwd=folder,
        env={**os.environ, "LLMRPC_ADDRESS": address},
    )
    async with asyncio.timeout(30):
        output, complaints = await process.communicate(given.encode())
    assert process.returncode == 0, complaints.decode()
    assert not complaints, complaints.decode()
    return output.decode()


def matches(pattern: str, output: str) -> bool:
    """Whether the whole output fits; its blank lines and its end count for nothing."""
    lines = "\n".join(line.rstrip() for line in output.splitlines() if line.strip())
    return re.fullmatch(pattern, lines) is not None
