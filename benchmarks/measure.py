"""Rounds of load on each system in turn, and the CPU time that each call took."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from benchmarks import answers
from benchmarks.load import CALLERS, Outcome, connected, load, stream, unary
from benchmarks.processes import Process, listening, python, serving
from benchmarks.systems import System

if TYPE_CHECKING:
    from llmrpc.v1.llm_service_pb2_grpc import LLMServiceAsyncStub


@dataclass(frozen=True, slots=True)
class Scenario:
    """A kind of call, and how many of them make a round."""

    name: str
    call: Callable[[LLMServiceAsyncStub, str, Outcome], Awaitable[None]]
    count: int
    callers: int = CALLERS
    tokens: int = 1
    """What a call's CPU time is divided by for the figure of one token."""
    suffix: str = ""
    """Put behind the model's name, for the scripted provider."""

    def applies(self, system: System) -> bool:
        return system.asks_upstream or not self.suffix


def scenarios(*, quick: bool) -> tuple[Scenario, ...]:
    """All of them; with `quick` too few calls for figures that mean anything."""
    return (
        Scenario("unary", unary, 32 if quick else 1500),
        Scenario("burst", stream, 16 if quick else 300, tokens=answers.STREAM_TOKENS),
        Scenario(
            "paced",
            stream,
            4 if quick else 200,
            callers=4 if quick else 200,
            tokens=answers.STREAM_TOKENS,
            suffix=f"-{answers.PACED}",
        ),
    )


@dataclass(slots=True)
class Figures:
    """What was measured of one scenario on one system, a value for each round."""

    cpu_ms: list[float] = field(default_factory=list)
    """Of the server, for each call."""
    first_message_ms: list[float] = field(default_factory=list)
    """The median over the calls."""
    calls_per_second: list[float] = field(default_factory=list)


@dataclass(slots=True)
class Measured:
    """What was measured of one system."""

    system: System
    seconds_to_ready: float
    resident_mb: float = 0.0
    figures: dict[str, Figures] = field(default_factory=dict)


async def measure(
    systems: Sequence[System],
    chosen: Sequence[Scenario],
    rounds: int,
    progress: Callable[[str], None],
) -> list[Measured]:
    """Starts everything, warms it up, measures by turns, ends everything.

    Raises `ExceptionGroup` where a call fails or is answered wrongly.
    """
    async with AsyncExitStack() as stack:
        upstream = await stack.enter_async_context(
            python(["-m", "benchmarks.upstream"], {}, listening)
        )
        runs = [await _start(stack, system, upstream.port) for system in systems]
        for number in range(rounds + 1):
            for scenario in chosen:
                turn = number % len(runs)
                for run in runs[turn:] + runs[:turn]:
                    if scenario.applies(run.measured.system):
                        name = run.measured.system.name
                        progress(f"round {number} of {rounds}: {scenario.name}, {name}")
                        await run.round(scenario, warming=number == 0)
        for run in runs:
            run.measured.resident_mb = run.process.resident_bytes() / 1e6
        return [run.measured for run in runs]


@dataclass(frozen=True, slots=True)
class _Run:
    """A system that is up."""

    measured: Measured
    process: Process
    stub: LLMServiceAsyncStub

    async def round(self, scenario: Scenario, *, warming: bool) -> None:
        """Makes the scenario's calls, a fifth of them without looking when warming."""
        model = self.measured.system.model + scenario.suffix
        count = scenario.count // 5 if warming else scenario.count
        before = self.process.cpu_seconds()
        outcome = await load(scenario.call, self.stub, model, count, scenario.callers)
        spent = self.process.cpu_seconds() - before
        if not warming:
            figures = self.measured.figures.setdefault(scenario.name, Figures())
            figures.cpu_ms.append(spent / count * 1000)
            figures.first_message_ms.append(outcome.first_message_ms())
            figures.calls_per_second.append(count / outcome.seconds)


async def _start(stack: AsyncExitStack, system: System, upstream: int) -> _Run:
    process = await stack.enter_async_context(
        python(system.arguments(upstream), system.variables(upstream), serving)
    )
    stub = await stack.enter_async_context(connected(process.port))
    return _Run(Measured(system, process.seconds_to_ready), process, stub)
