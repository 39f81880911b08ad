"""Every program of `examples/` runs through a real gateway, and says what it should."""

from __future__ import annotations

import asyncio
import base64
import json
import os
import signal
import sys
from collections.abc import AsyncGenerator, Callable, Mapping, Sequence
from typing import Any

import pytest
import pytest_asyncio

from tests.conftest import StartGateway
from tests.docs.pages import codes, page
from tests.journeys.programs import EXAMPLES, MODEL, Run, example, matches, run
from tests.journeys.test_provider_examples import PLAYS
from tests.mock_provider import Aimock, running_aimock

RUNS = {
    "batch": Run(
        r"lighthouse: A tower with a light\.\nharbour: A place for ships\.\n"
        r"tide: The sea's breath\.\nmast: failed: openai .*too heavy.*",
        echoes=r"lighthouse: What is a lighthouse\?.*\nharbour: .*\ntide: .*\nmast: What is .*",
    ),
    "callbacks": Run(
        r"Refused: the daily budget .*\$0\.001 are spent, this call may cost \$0\.20.*\n"
        r"Spent \$0\.0000\d+ of \$0\.001, by model: \{'openai/gpt-4o': \S+\}\n"
        r'(?s:\{.*"succeeded": 1,.*"failed": 1,.*"BudgetExceededError": 1.*\})',
        echoes=r'Refused: .*\n.*\n(?s:\{.*"requests": 2,.*\})',
    ),
    "code_generation": Run(
        r"(?s:def median\(.*)\n# It is Python and defines: median",
        echoes=r"A function `median` of .*\n# It is no Python: invalid syntax in line 1",
    ),
    "conversation": Run(
        r"> What is asyncio\?\nasyncio runs coroutines .*\n  gpt-4o: \d+ tokens\n"
        r"> Show me the smallest .*\nasyncio\.run\(asyncio\.sleep\(1\)\)\n  gpt-4o: \d+ tokens",
        echoes=r"> What is asyncio\?\nWhat is asyncio\?\n  echo: \d+ tokens\n(?s:.*)",
    ),
    "image": Run(r"A red disc on white\.\n\(91 tokens went in, the picture among them\)"),
    "interactive_chat": Run(
        "> Good morning, Ada.\n> Your name is Ada.\n>",
        given="My name is Ada.\nWhat is my name?\n",
        echoes="> My name is Ada.\n> What is my name\\?\n>",
    ),
    "list_models": Run(
        r"(?s:.*)openai/gpt-4o  context 128,000  \$2\.5 a million tokens of input\n"
        r"(?s:.*)\d+ models",
        arguments=('provider = "openai"',),
        echoes=r"(?s:.*)echo/echo  context unknown  .*\n?(?s:.*)\d+ models",
    ),
    "own_provider": Run("ereht olleH\nereht olleH", echoes="ereht olleH\nereht olleH"),
    "sentiment_json": Run(
        r"positive  0\.97  The staff were .*\nnegative  0\.99  Two hours for a cold pizza.*"
    ),
    "streaming": Run(
        r"The lighthouse counted ships until .*", echoes=r"Tell me a story of a lighthouse .*"
    ),
    "structured_output": Run("New exhibition: Wednesday, 03 March 2027, with Ada, Grace, Barbara"),
    "summary": Run(
        r"- Built in 1859\n- Electric since 1907\n- A museum today\n\(\d\d words became 12\)",
        echoes=r"The lighthouse was built in 1859 (?s:.*)\((\d+) words became \1\)",
    ),
    "task_description": Run(
        r"Search waits until .*\nEvery key .*\n1\. It starts half a second after the last key\.",
        echoes=r"search is slow when .*",
    ),
    "token_count": Run(
        r" +\d tokens \(estimate\): Hello\n +\d+ tokens \(estimate\): Hello, how are you today\?\n"
        r" +\d{4} tokens \(estimate\): lighthouse lighthouse .*",
        echoes=r" +1 tokens \(tokenizer\): Hello\n +5 tokens .*\n +1001 tokens .*",
    ),
    "tool_loop": Run(
        r'get_temperature\(\{"city":"Bern"\}\) -> \{"celsius": 14\}\n'
        r'get_temperature\(\{"city":"Rome"\}\) -> \{"celsius": 21\}\n'
        r"""get_temperature\(\{"city":"Oslo"\}\) -> KeyError\('Oslo'\)\n"""
        r"Rome is 7 degrees warmer than Bern\..*"
    ),
}
NAMES = {*RUNS, *(play.program for play in PLAYS)}
ON_ECHO = [name for name, each in RUNS.items() if each.echoes is not None]


Bodies = Sequence[Any]


def turns_go_along(bodies: Bodies) -> None:
    _, second = bodies
    roles = [message["role"] for message in second["messages"]]
    assert roles[-3:] == ["user", "assistant", "user"]


def calls_go_back_with_their_results(bodies: Bodies) -> None:
    _, second = bodies
    asked, *results = second["messages"][1:]
    ids = ["call_bern", "call_rome", "call_oslo"]
    assert [call["id"] for call in asked["tool_calls"]] == ids
    assert [result["tool_call_id"] for result in results] == ids
    assert json.loads(results[1]["content"]) == {"celsius": 21}


def the_picture_goes_whole(bodies: Bodies) -> None:
    (request,) = bodies
    picture = base64.b64encode((EXAMPLES / "picture.png").read_bytes()).decode()
    image = request["messages"][0]["content"][1]["image_url"]
    assert image["url"] == f"data:image/png;base64,{picture}"


def the_schema_goes_along(bodies: Bodies) -> None:
    first, _ = bodies
    schema = first["response_format"]["json_schema"]
    assert schema["strict"]
    assert schema["schema"]["properties"]["sentiment"]["enum"][0] == "positive"


SENDS: Mapping[str, Callable[[Bodies], None]] = {
    "conversation": turns_go_along,
    "interactive_chat": turns_go_along,
    "tool_loop": calls_go_back_with_their_results,
    "image": the_picture_goes_whole,
    "sentiment_json": the_schema_goes_along,
}
"""What the requests of an example that came to the provider must be."""


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def aimock() -> AsyncGenerator[Aimock, None]:
    """One for all: each test looks at what came during its own run."""
    async with running_aimock("examples.json", "--strict") as running:
        yield running


@pytest.fixture
async def address(aimock: Aimock, gateway: StartGateway) -> str:
    environment = {"OPENAI_API_KEY": "sk-test-0000", "OPENAI_BASE_URL": aimock.url}
    return (await gateway(environment=environment)).address


def test_every_example_has_a_run() -> None:
    assert {path.stem for path in EXAMPLES.glob("*.py")} == NAMES
    assert set(SENDS) < set(RUNS)


@pytest.mark.parametrize("name", RUNS)
async def test_an_example(name: str, address: str, aimock: Aimock) -> None:
    wanted = RUNS[name]
    before = len(await aimock.journal())
    output = await run(example(name), address, *wanted.arguments, given=wanted.given)
    assert matches(wanted.prints, output), output
    if holds := SENDS.get(name):
        holds((await aimock.journal())[before:])


@pytest.mark.parametrize("name", ON_ECHO)
async def test_an_example_on_echo(name: str, gateway: StartGateway) -> None:
    """As a newcomer runs it: no key, no model, nothing to pay."""
    wanted = RUNS[name]
    assert wanted.echoes is not None
    output = await run(example(name), (await gateway()).address, given=wanted.given)
    assert matches(wanted.echoes, output), output


def test_the_page_names_them_all_and_what_echo_can_do() -> None:
    rows = [line.split(" | ") for line in page("examples/README.md").splitlines() if ".py`" in line]
    named = {codes(row[0])[0].removesuffix(".py"): "yes" in row[-1] for row in rows}
    assert named == {name: name in ON_ECHO for name in NAMES}


@pytest.mark.parametrize("name", sorted(NAMES))
def test_an_example_is_short_and_says_what_it_shows(name: str) -> None:
    first, *rest = example(name).read_text().splitlines()
    assert first.startswith('"""')
    assert first.endswith('."""')
    assert len(rest) < 60


async def test_ctrl_c_ends_an_answer_and_not_the_chat(address: str) -> None:
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, str(example("interactive_chat")), MODEL),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        env={**os.environ, "LLMRPC_ADDRESS": address},
    )
    assert process.stdin is not None
    assert process.stdout is not None
    async with asyncio.timeout(30):
        process.stdin.write(b"Count slowly.\n")
        await process.stdout.readuntil(b"One")
        process.send_signal(signal.SIGINT)
        await process.stdout.readuntil(b"(stopped")
        output, _ = await process.communicate(b"My name is Ada.\n")
    assert b"> Good morning, Ada." in output
    assert process.returncode == 0
