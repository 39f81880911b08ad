"""A program against the golden answers of the provider whose own features it needs."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.conftest import StartGateway
from tests.journeys.programs import matches, run
from tests.journeys.ways import environment
from tests.providers.golden import FOLDER, Case
from tests.providers.replay import replay
from tests.upstream import running_upstream

Bodies = Sequence[Any]


@dataclass(frozen=True)
class Play:
    """What a provider answers to a program in turn, and what becomes of it."""

    program: str
    cases: Sequence[str]
    prints: str
    """A pattern for all of it."""
    sends: Callable[[Bodies], None]
    """Looks at the requests that came to the provider."""
    arguments: Sequence[str] = ()
    given: str = ""
    """Lines that are typed."""
    writes: Mapping[str, bytes] = field(default_factory=dict)
    """The files that it makes."""

    def __str__(self) -> str:
        return "-".join((self.program, self.cases[0], *self.given.split()))

    @property
    def model(self) -> str:
        info = golden(self.cases[0]).info
        return f"{info['provider']}/{info['model']}"


def golden(name: str) -> Case:
    """A case by its path in `tests/golden`."""
    return Case(FOLDER / name)


async def play_out(play: Play, text: str, gateway: StartGateway, folder: Path) -> None:
    """Runs the program of this text, through a gateway, in a new folder of this one."""
    async with running_upstream() as upstream:
        replay(upstream, *map(golden, play.cases))
        addresses = environment(upstream.url.removesuffix("/v1"))
        for name in ("OPENROUTER", "XAI"):
            addresses |= {f"{name}_API_KEY": "sk-test-0000", f"{name}_BASE_URL": upstream.url}
        running = await gateway(environment=addresses)
        program, here = folder / "program.py", folder / "here"
        program.write_text(text.replace("localhost:50051", running.address))
        here.mkdir()
        output = await run(program, running.address, *play.arguments, given=play.given, folder=here)
    assert matches(play.prints, output), output
    play.sends([json.loads(exchange.body) for exchange in upstream.exchanges])
    assert {file.name: file.read_bytes() for file in here.iterdir()} == play.writes


def one_request_with(**tool: object) -> Callable[[Bodies], None]:
    """One request went out, with this tool alone."""

    def holds(bodies: Bodies) -> None:
        (request,) = bodies
        assert request["tools"] == [tool]

    return holds


def google_is_asked_for_an_image(bodies: Bodies) -> None:
    (request,) = bodies
    assert request["generationConfig"]["responseModalities"] == ["TEXT", "IMAGE"]


def approval(approve: bool) -> Callable[[Bodies], None]:
    """The second request has the whole first answer, and what the person decided."""

    def holds(bodies: Bodies) -> None:
        _, second = bodies
        approved = golden("openai_responses/mcp-approved").json("upstream_request.json")
        *history, answer = approved["input"]
        assert second["input"] == [*history, {**answer, "approve": approve}]

    return holds
