"""The README's program, word for word, against a provider we did not write."""

from __future__ import annotations

import asyncio
import re
import sys

from tests.conftest import StartGateway
from tests.docs.pages import ROOT, blocks
from tests.mock_provider import running_aimock

ANSWER = "asyncio runs coroutines in one thread, each until it waits."


async def test_the_program_of_the_readme(gateway: StartGateway) -> None:
    (program,) = blocks((ROOT / "README.md").read_text(), "python")
    async with running_aimock("conversation.json", "--strict") as aimock:
        environment = {"OPENAI_API_KEY": "sk-test-0000", "OPENAI_BASE_URL": aimock.url}
        address = (await gateway(environment=environment)).address
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-c", program.replace("localhost:50051", address)),
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
        )
        output, complaints = await process.communicate()
        assert process.returncode == 0, complaints.decode()
        first, second = await aimock.journal()
    pattern = rf"{re.escape(ANSWER)} gpt-4\S* \d+ \$0\.\d{{4}}\n{re.escape(ANSWER)}"
    assert re.fullmatch(pattern, output.decode().strip())
    assert (first["model"], first["temperature"], second["temperature"]) == ("gpt-4", 0.7, 0.9)
