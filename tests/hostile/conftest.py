"""Attacks on a gateway process, each in a file of its own, bounded in size and time."""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterator, Mapping
from typing import Any, Protocol

import pytest

from tests.conftest import StartProcess
from tests.hostile.victim import Victim
from tests.upstream import Upstream, running_upstream

KEY = "sk-canary-0123456789"


class Attack(Protocol):
    """`await victim(listen={"max_calls": 10}, environment={"OPENAI_API_KEY": "…"})`."""

    async def __call__(
        self, *flags: str, environment: Mapping[str, str] | None = None, **settings: Any
    ) -> Victim: ...


@pytest.fixture
async def upstream() -> AsyncGenerator[Upstream, None]:
    """A scripted provider."""
    async with running_upstream() as running:
        yield running


@pytest.fixture
async def victim(gateway_process: StartProcess, upstream: Upstream) -> AsyncIterator[Attack]:
    """Starts gateway processes with `openai` at the scripted provider, and logs in JSON.

    Settings are those of the YAML file.
    """
    running: list[Victim] = []

    async def start(
        *flags: str, environment: Mapping[str, str] | None = None, **settings: Any
    ) -> Victim:
        settings = {
            "providers": {"openai": {"base_url": upstream.url, "api_keys": [KEY]}},
            "log": {"format": "json"},
        } | settings
        process = await gateway_process(*flags, environment=environment, **settings)
        running.append(Victim(process, await process.address()))
        return running[-1]

    yield start
    for one in running:
        await one.close()
