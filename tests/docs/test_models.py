"""docs/models.md: its command runs, its filters parse, its messages are what is said."""

from __future__ import annotations

import asyncio
import os
import re
import shlex
import sys
from pathlib import Path

import pytest

from llmrpc import v1 as pb
from llmrpc_server.rpc.filter import MOST_CHARACTERS, MOST_DEPTH, MOST_RESTRICTIONS, parse_filter
from llmrpc_server.rpc.filter_words import FilterError
from llmrpc_server.rpc.listing import LARGEST_PAGE, PAGE
from tests.conftest import StartGateway
from tests.docs.pages import blocks, first_cells, page, section
from tests.mock_provider import running_aimock
from tests.server.wire import ask, failure

TEXT = page("docs/models.md")
FILTERS = section(TEXT, "Filters")
ENVIRONMENT = {"OPENAI_API_KEY": "a-key-for-openai"}


async def test_the_command_runs(gateway: StartGateway) -> None:
    (command,) = (each for each in blocks(TEXT, "") if each.startswith("buf curl"))
    running = await gateway(environment=ENVIRONMENT)
    words = shlex.split(command.replace("\\\n", " ").replace("localhost:50051", running.address))
    process = await asyncio.create_subprocess_exec(
        str(Path(sys.executable).parent / words[0]),
        *words[1:],
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    output, complaints = await process.communicate()
    assert process.returncode == 0, complaints.decode()
    assert '"openai/gpt-5.4"' in output.decode()


@pytest.mark.parametrize("text", first_cells(FILTERS))
def test_its_filters_are_filters(text: str) -> None:
    parse_filter(text, pb.Model.DESCRIPTOR)


def test_its_numbers() -> None:
    numbers = re.findall(
        r"\d+", FILTERS.partition("A filter has")[2].partition("An invalid one")[0]
    )
    assert numbers == [str(MOST_CHARACTERS), str(MOST_RESTRICTIONS), str(MOST_DEPTH)]
    assert re.findall(r"\d+", section(TEXT, "Pages"))[:2] == [str(PAGE), str(LARGEST_PAGE)]


def test_its_refusal() -> None:
    with pytest.raises(FilterError) as caught:
        parse_filter("capabilities.tool", pb.Model.DESCRIPTOR)
    assert f"filter: {caught.value}\n" in blocks(FILTERS, "")[0]


async def test_its_nearest_names(gateway: StartGateway) -> None:
    running = await gateway(environment=ENVIRONMENT)
    request = ask()
    request.model = "gpt-5.4-mni"
    error = await failure(running.stub.Generate(request))
    assert f"{error.details()}\n" == blocks(section(TEXT, "Unknown names"), "")[0]


async def test_its_program_runs_without_a_gateway() -> None:
    (program,) = blocks(section(TEXT, "From Python"), "python")
    async with running_aimock("examples.json", "--strict") as aimock:
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-W", "error", "-c", program),
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
            env={**os.environ, "OPENAI_API_KEY": "a-key", "OPENAI_BASE_URL": aimock.url},
        )
        async with asyncio.timeout(30):
            output, complaints = await process.communicate()
    assert process.returncode == 0, complaints.decode()
    assert re.fullmatch(
        r"True\nTrue\n(?s:.*)openai/gpt-4o 128000\n(?s:.*)asyncio runs coroutines .*\n"
        r"\$0\.000\d+ spent, 1 request\n",
        output.decode(),
    ), output.decode()
