"""Every program and command of the client's README runs as it stands."""

from __future__ import annotations

import asyncio
import os
import re
import runpy
import shlex
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from grpc_health.v1 import health_pb2

from llmrpc import v1 as pb
from tests.client.command import called, command
from tests.client.future import unknown_part
from tests.client.gateway import Gateway, Step, response, secured, serve, stream
from tests.client.terminal import Done
from tests.conftest import Certificates
from tests.running import LIMIT

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
    model.input_modalities.extend([pb.MODALITY_TEXT, pb.MODALITY_IMAGE])
    model.capabilities.reasoning = False
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


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Where the page's files are."""
    for name, held in FILES.items():
        (tmp_path / name).write_bytes(held)
    return tmp_path


def play(gateway: Gateway, *first: Step) -> dict[str, str]:
    """Plays `first` before the answer that comes to all others; the environment of a caller."""
    answer = [response("An answer."), *stream("An", " answer.")]
    gateway.play(*([first] if first else []), answer)
    return {"LLMRPC_ADDRESS": gateway.target, "LLMRPC_TOKEN": "secret"}


def said(done: Done) -> str:
    assert done.code == 0, done.err
    return done.out + done.err


async def program(text: str, gateway: Gateway, folder: Path, *first: Step) -> str:
    """What the program says."""
    file = folder / "program.py"
    file.write_text(text)

    def work() -> int:
        runpy.run_path(str(file), run_name="__main__")
        return 0

    return said(await called(work, env=play(gateway, *first), folder=folder))


async def process(gateway: Gateway, folder: Path, *words: str) -> str:
    """What the command says when a shell starts it."""
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    started = await asyncio.create_subprocess_exec(
        *words,
        stdin=asyncio.subprocess.DEVNULL,
        cwd=folder,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        env={**os.environ, "PATH": path, **play(gateway)},
    )
    async with asyncio.timeout(LIMIT):
        out, err = await started.communicate()
    assert started.returncode is not None
    return said(Done(started.returncode, out.decode(), err.decode()))


@pytest.mark.parametrize("text", [p for p in PROGRAMS if LOCKED not in p])
async def test_program(gateway: Gateway, folder: Path, text: str) -> None:
    first: list[Step] = []
    if "tool_call" in text:
        asks = pb.LLMResponse(finish_reason=pb.FINISH_REASON_TOOL_CALLS)
        asks.message.role = pb.ROLE_ASSISTANT
        asks.message.parts.add(tool_call=pb.ToolCall(id="c-1", name="weather", arguments="{}"))
        first.append(asks)
    here = text.replace("localhost:50051", gateway.target)
    assert SAID.search(await program(here, gateway, folder, *first))
    if first:
        _, asked, result = gateway.requests[-1].messages
        assert asked == asks.message
        assert (result.role, result.parts[0].tool_result.tool_call_id) == (pb.ROLE_TOOL, "c-1")
        names = [tool.function.name for tool in gateway.requests[-1].tools]
        assert names == ["weather", "forecast", "alarm"]
        assert gateway.requests[-1].tool_choice.allowed_names == names[:2]


def with_word(word: str, gateway: Gateway) -> str:
    """The one program that has this word, and calls this gateway."""
    (text,) = [str(p) for p in PROGRAMS if word in p]
    return text.replace("localhost:50051", gateway.target)


async def test_a_response_tells_its_costs_and_what_the_provider_said(
    gateway: Gateway, folder: Path
) -> None:
    answer = response("An answer.")
    answer.total_cost.total_nano_usd = 2_000_000
    answer.provider_metadata["openai.service_tier"].string_value = "flex"
    told = await program(with_word("total_cost", gateway), gateway, folder, answer)
    assert "1200000 nano-USD for this response\n2000000 nano-USD with" in told
    assert told.endswith("openai.service_tier flex\n")


async def test_a_history_in_a_file_keeps_what_this_release_does_not_know(
    gateway: Gateway, folder: Path
) -> None:
    news = response("An answer.")
    news.message.parts.append(unknown_part())
    await program(with_word("FromString", gateway), gateway, folder, news)
    _, back, _ = gateway.requests[-1].messages
    assert back.SerializeToString() == news.message.SerializeToString()


async def test_a_model_tells_what_it_reads_and_can_do(gateway: Gateway, folder: Path) -> None:
    told = await program(with_word("list_models", gateway), gateway, folder)
    assert "reads images: True\nreasons: False\n" in told


async def test_the_program_with_a_key_and_mtls(folder: Path, certificates: Certificates) -> None:
    (text,) = [p for p in PROGRAMS if LOCKED in p]
    held = (certificates.ca, certificates.client_cert, certificates.client_key)
    for name, path in zip(("ca.pem", "me.pem", "me.key"), held, strict=True):
        (folder / name).write_bytes(path.read_bytes())
    async with serve(everything(), secured(certificates, mutual=True)) as gateway:
        here = text.replace(LOCKED, gateway.target)
        assert SAID.search(
            await process(gateway, folder, sys.executable, "-W", "error", "-c", here)
        )
    assert gateway.metadata[0]["authorization"] == "Bearer secret"


@pytest.mark.parametrize("text", [c for c in COMMANDS if " | " not in c])
async def test_command(gateway: Gateway, folder: Path, text: str) -> None:
    name, *words = shlex.split(text)
    assert name == "llmrpc"
    done = await called(lambda: command(words), env=play(gateway), folder=folder)
    assert SAID.search(said(done))


@pytest.mark.parametrize("text", [COMMANDS[0], *(c for c in COMMANDS if " | " in c)])
async def test_command_in_a_shell(gateway: Gateway, folder: Path, text: str) -> None:
    assert SAID.search(await process(gateway, folder, "sh", "-c", text))


def test_the_page_has_them() -> None:
    assert len(PROGRAMS) >= 15
    assert len(COMMANDS) >= 15


def test_it_starts_with_installing_and_ends_with_errors() -> None:
    steps = re.findall(r"^(?:## (.*)|(pip install .*))$", README, re.MULTILINE)
    assert "pip install llmrpc" in steps[0][1]
    assert steps[-1][0] == "Errors"
