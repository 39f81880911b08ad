"""Every program and command of the client's README runs as it stands."""

from __future__ import annotations

import asyncio
import os
import re
import sys
from collections.abc import AsyncIterator, Sequence
from pathlib import Path

import pytest
from grpc_health.v1 import health_pb2

from llmrpc import v1 as pb
from tests.client.gateway import Gateway, Step, response, secured, serve, stream
from tests.conftest import Certificates

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
LOCKED = "gateway.example:50051"
"""Where the program with a key and certificates calls."""
SAID = re.compile("answer|tokens|parrot|openai/gpt-4o-mini|SERVING|1234")


def everything() -> Gateway:
    """A gateway that is asked for everything."""
    model = pb.Model(name="openai/gpt-4o-mini", provider="openai")
    services = ("", "llmrpc.v1.LLMService", "provider/openai")
    return Gateway(
        count=pb.CountTokensResponse(prompt_tokens=1234),
        pages={"": pb.ListModelsResponse(models=[model])},
        health=dict.fromkeys(services, health_pb2.HealthCheckResponse.SERVING),
    )


@pytest.fixture
async def gateway() -> AsyncIterator[Gateway]:
    async with serve(everything()) as running:
        yield running


async def run(gateway: Gateway, folder: Path, *command: str, first: Sequence[Step] = ()) -> str:
    """What the command says; `first` is played before the answer that comes to all others."""
    for name, held in FILES.items():
        (folder / name).write_bytes(held)
    answer = [response("An answer."), *stream("An", " answer.")]
    gateway.play(*([first] if first else []), answer)
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    process = await asyncio.create_subprocess_exec(
        *command,
        stdin=asyncio.subprocess.DEVNULL,
        cwd=folder,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        env={
            **os.environ,
            "PATH": path,
            "LLMRPC_ADDRESS": gateway.target,
            "LLMRPC_TOKEN": "secret",
        },
    )
    async with asyncio.timeout(30):
        out, err = await process.communicate()
    assert process.returncode == 0, err.decode()
    return out.decode() + err.decode()


def python(program: str) -> tuple[str, ...]:
    return (sys.executable, "-W", "error", "-c", program)


@pytest.mark.parametrize("program", [p for p in PROGRAMS if LOCKED not in p])
async def test_program(gateway: Gateway, tmp_path: Path, program: str) -> None:
    first: list[Step] = []
    if "tool_call" in program:
        asks = pb.LLMResponse(finish_reason=pb.FINISH_REASON_TOOL_CALLS)
        asks.message.role = pb.ROLE_ASSISTANT
        asks.message.parts.add(tool_call=pb.ToolCall(id="c-1", name="weather", arguments="{}"))
        first.append(asks)
    here = program.replace("localhost:50051", gateway.target)
    assert SAID.search(await run(gateway, tmp_path, *python(here), first=first))
    if first:
        _, asked, result = gateway.requests[-1].messages
        assert asked == asks.message
        assert (result.role, result.parts[0].tool_result.tool_call_id) == (pb.ROLE_TOOL, "c-1")


async def test_the_program_with_a_key_and_mtls(tmp_path: Path, certificates: Certificates) -> None:
    (program,) = [p for p in PROGRAMS if LOCKED in p]
    held = (certificates.ca, certificates.client_cert, certificates.client_key)
    for name, path in zip(("ca.pem", "me.pem", "me.key"), held, strict=True):
        (tmp_path / name).write_bytes(path.read_bytes())
    async with serve(everything(), secured(certificates, mutual=True)) as gateway:
        here = program.replace(LOCKED, gateway.target)
        assert SAID.search(await run(gateway, tmp_path, *python(here)))
    assert gateway.metadata[0]["authorization"] == "Bearer secret"


@pytest.mark.parametrize("command", COMMANDS)
async def test_command(gateway: Gateway, tmp_path: Path, command: str) -> None:
    assert SAID.search(await run(gateway, tmp_path, "sh", "-c", command))


def test_the_page_has_them() -> None:
    assert len(PROGRAMS) >= 15
    assert len(COMMANDS) >= 15


def test_it_starts_with_installing_and_ends_with_errors() -> None:
    steps = re.findall(r"^(?:## (.*)|(pip install .*))$", README, re.MULTILINE)
    assert "pip install llmrpc" in steps[0][1]
    assert steps[-1][0] == "Errors"
