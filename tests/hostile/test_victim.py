"""The process that is attacked: it serves, logs and can be measured."""

from __future__ import annotations

from tests.gateway.conftest import ask
from tests.gateway.handlers import good
from tests.hostile.conftest import Attack
from tests.running import until
from tests.upstream import Upstream


async def test_it_serves_logs_and_is_measured(victim: Attack, upstream: Upstream) -> None:
    upstream.script(good)
    running = await victim()
    assert (await running.stub().Generate(ask(model="openai/gpt-4o-mini"))).content == "Hello"
    await until(running.lines)
    assert running.lines()[0]["status"] == "OK"
    assert 20 < running.resident() < 500
    assert running.cpu_seconds() > 0
