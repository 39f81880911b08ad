"""Programs that other people wrote, run as they would."""

from __future__ import annotations

import asyncio
import json
from dataclasses import dataclass
from typing import Any

from tests.running import LIMIT, ROOT
from tests.toolchains import made, needs

TOOLS = ROOT / ".build/tools"


@dataclass(frozen=True)
class Done:
    """How a program ended, and what it printed."""

    status: int
    out: str
    complaints: str

    @property
    def json(self) -> list[Any]:
        """All JSON values of the output, in order."""
        decoder, values, rest = json.JSONDecoder(), [], self.out.strip()
        while rest:
            value, end = decoder.raw_decode(rest)
            values.append(value)
            rest = rest[end:].lstrip()
        return values


def tool(name: str) -> str:
    """Where `make tools` left a program; leaves the test out without it, and without Go."""
    needs("go", name)
    return str(made(TOOLS / name, name, "make tools"))


async def run(name: str, *arguments: str, limit: float = LIMIT) -> Done:
    """Runs a program to its end, for so many seconds at most."""
    process = await asyncio.create_subprocess_exec(
        tool(name),
        *arguments,
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    try:
        async with asyncio.timeout(limit):
            out, complaints = await process.communicate()
    except BaseException:
        if process.returncode is None:
            process.kill()
        await process.communicate()
        raise
    assert process.returncode is not None
    return Done(process.returncode, out.decode(), complaints.decode())
