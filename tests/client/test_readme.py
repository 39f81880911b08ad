"""Every program and command of the client's README runs as it stands."""

from __future__ import annotations

import asyncio
import os
import re
import sys
from pathlib import Path

import pytest

from tests.client.gateway import Gateway, response, stream

README = (Path(__file__).parents[2] / "clients/python/README.md").read_text()
PROGRAMS = re.findall(r"^```python\n(.*?)^```", README, re.MULTILINE | re.DOTALL)
COMMANDS = re.findall(r"^(?:git log -3 \| )?llmrpc .*$", README, re.MULTILINE)


async def run(gateway: Gateway, *command: str) -> str:
    gateway.play([response("An answer."), *stream("An", " answer.")])
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    process = await asyncio.create_subprocess_exec(
        *command,
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        env={**os.environ, "PATH": path, "LLMRPC_ADDRESS": gateway.target},
    )
    async with asyncio.timeout(30):
        out, err = await process.communicate()
    assert process.returncode == 0, err.decode()
    return out.decode()


@pytest.mark.parametrize("program", PROGRAMS, ids=range(len(PROGRAMS)))
async def test_program(gateway: Gateway, program: str) -> None:
    out = await run(
        gateway,
        sys.executable,
        "-W",
        "error",
        "-c",
        program.replace("localhost:50051", gateway.target),
    )
    assert "tokens" in out or "answer" in out or "parrot" in out


@pytest.mark.parametrize("command", COMMANDS)
async def test_command(gateway: Gateway, command: str) -> None:
    assert "answer" in await run(gateway, "sh", "-c", command)


def test_the_page_has_them() -> None:
    assert len(PROGRAMS) >= 8
    assert len(COMMANDS) >= 5
