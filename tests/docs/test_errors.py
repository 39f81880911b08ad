"""docs/errors.md: its programs run, and its retry policy is ours."""

from __future__ import annotations

import asyncio
import json
import re
import sys

import pytest

from docs.advice import ADVICE
from llmrpc import channel
from llmrpc import v1 as pb
from llmrpc.errors import EXCEPTIONS
from tests.conftest import StartGateway
from tests.docs.pages import blocks, page, section

PAGE = page("docs/errors.md")
SAID = [
    blocks(section(PAGE, "In Python"), "text")[0].splitlines(),
    ['reason: "INVALID_REQUEST"', 'field: "messages"', "request_id:"],
]


@pytest.mark.parametrize(("program", "said"), [*zip(blocks(PAGE, "python"), SAID, strict=True)])
async def test_a_program_reads_the_details(
    gateway: StartGateway, program: str, said: list[str]
) -> None:
    running = await gateway()
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-W", "error", "-c"),
        program.replace("localhost:50051", running.address),
        stdout=asyncio.subprocess.PIPE,
    )
    async with asyncio.timeout(30):
        out, _ = await process.communicate()
    assert process.returncode == 0
    assert [line for line in said if line not in out.decode()] == []


@pytest.mark.parametrize("reason", ADVICE)
def test_what_may_be_sent_again_is_retryable(reason: str) -> None:
    value = pb.ErrorReason.Value(f"ERROR_REASON_{reason}")
    again = re.split("[ ,:]", ADVICE[reason].again)[0]
    assert EXCEPTIONS[value]("", reason=value).retryable is (again in {"yes", "later", "after"})


def test_the_policy_is_the_one_of_our_client() -> None:
    options = dict(channel._OPTIONS)
    assert json.loads(blocks(section(PAGE, "Retries"), "json")[0]) == json.loads(
        options["grpc.service_config"]
    )
