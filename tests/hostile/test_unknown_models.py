"""Names of models that nobody has: what is suggested instead costs less than a good call."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from tests.gateway.conftest import ask
from tests.gateway.failures import failure_of
from tests.gateway.handlers import good
from tests.hostile.conftest import KEY, Attack
from tests.hostile.victim import Victim
from tests.upstream import Upstream

WORDS = ("gpt", "claude", "llama", "qwen", "gemma", "coder", "mini", "large", "instruct", "flash")
NAMES = [
    f"{one}-{two}-{three}-{number}"
    for one in WORDS
    for two in WORDS
    for three in WORDS
    for number in range(20)
]
CALLS = 100
ROUNDS = 3
"""The least of so many rounds counts: other work on the machine only adds."""


async def _cost(running: Victim, models: Sequence[str], reason: str = "", **fields: Any) -> float:
    """Seconds of processor time that calls to these models take the gateway together."""
    stub = running.stub()
    rounds = []
    for _ in range(ROUNDS):
        before = running.cpu_seconds()
        for model in models:
            call = stub.Generate(ask(model=model, **fields))
            if reason:
                assert (await failure_of(call)).reason == reason
            else:
                await call
        rounds.append(running.cpu_seconds() - before)
    return min(rounds)


async def test_suggestions_cost_less_than_a_good_call(victim: Attack, upstream: Upstream) -> None:
    upstream.script(good)
    assert len(NAMES) == 20_000
    openai = {"base_url": upstream.url, "api_keys": [KEY], "models": NAMES}
    running = await victim(providers={"openai": openai})
    first = await failure_of(running.stub().Generate(ask(model="qwen-coder-flsh-7")))
    assert "openai/qwen-coder-flash-7" in first.metadata["suggestions"]
    known = NAMES[:CALLS]
    good_calls = await _cost(running, known)
    refused = await _cost(running, known, "INVALID_REQUEST", temperature=9)
    slips = [f"{name[:9]}x{name[10:]}-{place}" for place, name in enumerate(NAMES[5000:][:CALLS])]
    longest = [f"{place}-" + "gpt-claude-llama-" * 14 for place in range(CALLS)]
    for models in (slips, longest):
        assert await _cost(running, models, "MODEL_NOT_FOUND") - refused <= good_calls
