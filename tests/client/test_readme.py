"""Every program and command of the client's README runs as it stands."""

from __future__ import annotations

import asyncio
import os
import re
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from grpc_health.v1 import health_pb2

from llmrpc import v1 as pb
from tests.client.gateway import Gateway, response, serve, stream

README = (Path(__file__).parents[2] / "clients/python/README.md").read_text()
PROGRAMS = re.findall(r"^```python\n(.*?)^```", README, re.MULTILINE | re.DOTALL)
COMMANDS = re.findall(r"^(?:[a-z][^|\n]* \| )?llmrpc .*$", README, re.MULTILINE)
FILES = {
    "picture.png": b"\x89PNG\r\n\x1a\n",
    "report.pdf": b"%PDF-1.7",
    "notes.md": b"# Notes",
    "person.json": b'{"type": "object"}',
    "tools.json": b'[{"name": "weather", "parameters": {"type": "object"}}]',
    "questions.jsonl": b'"An answer to what?"\n',
}
SAID = re.compile("answer|tokens|parrot|openai/gpt-4o-mini|SERVING|1234")


@pytest.fixture
async def gateway() -> AsyncIterator[Gateway]:
    """One that is asked for everything."""
    model = pb.Model(name="openai/gpt-4o-mini", provider="openai")
    services = ("", "llmrpc.v1.LLMService", "provider/openai")
    scripted = Gateway(
        count=pb.CountTokensResponse(prompt_tokens=1234),
        pages={"": pb.ListModelsResponse(models=[model])},
        health=dict.fromkeys(services, health_pb2.HealthCheckResponse.SERVING),
    )
    async with serve(scripted) as running:
        yield running


async def run(gateway: Gateway, folder: Path, *command: str) -> str:
    for name, held in FILES.items():
        (folder / name).write_bytes(held)
    gateway.play([response("An answer."), *stream("An", " answer.")])
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    process = await asyncio.create_subprocess_exec(
        *command,
        stdin=asyncio.subprocess.DEVNULL,
        cwd=folder,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        env={**os.environ, "PATH": path, "LLMRPC_ADDRESS": gateway.target},
    )
    async with asyncio.timeout(30):
        out, err = await process.communicate()
    assert process.returncode == 0, err.decode()
    return out.decode() + err.decode()


@pytest.mark.parametrize("program", PROGRAMS, ids=range(len(PROGRAMS)))
async def test_program(gateway: Gateway, tmp_path: Path, program: str) -> None:
    out = await run(
        gateway,
        tmp_path,
        sys.executable,
        "-W",
        "error",
        "-c",
        program.replace("localhost:50051", gateway.target),
    )
    assert SAID.search(out)


@pytest.mark.parametrize("command", COMMANDS)
async def test_command(gateway: Gateway, tmp_path: Path, command: str) -> None:
    assert SAID.search(await run(gateway, tmp_path, "sh", "-c", command))


def test_the_page_has_them() -> None:
    assert len(PROGRAMS) >= 10
    assert len(COMMANDS) >= 15
