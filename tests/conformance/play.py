"""What a scenario's provider does, and what it saw: shared by every kind of provider here.

The model that a request names is the scenario's name. A try of `provider` is one of

- `{"answer": {…}, "status": 200, "headers": {…}}` and `{"stream": […]}`: http_provider.py
- `{"response": {…}}`, `{"events": […]}`, `{"raise": {…}}`, `{"crash": "…"}`: own_provider.py
- `{"response": {…}}` and `{"events": […]}` on the listener `future`: future_gateway.py
- `{"hang": true}`: silence until the gateway goes away

The last one is for all later tries.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.conformance.scenario import Scenario

LIMIT = 15.0
"""Seconds that anything here waits; what is waited for comes far sooner."""

Try = Mapping[str, Any]


@dataclass(slots=True)
class Seen:
    """One request as a provider saw it."""

    what: dict[str, Any]
    closed: asyncio.Event = field(default_factory=asyncio.Event)
    """Set when the gateway went away before the answer was whole."""


@dataclass(slots=True)
class Play:
    """One scenario, while a language runs it."""

    scenario: Scenario
    folder: Path
    seen: list[Seen] = field(default_factory=list)
    sent: list[Any] = field(default_factory=list)
    """The responses of the gateway of the future, as it has sent them."""
    passed: int = 0
    """Events of the present stream that the gateway has written to the caller."""
    _moved: asyncio.Event = field(default_factory=asyncio.Event)

    def next(self, what: dict[str, Any], text: str = "") -> tuple[Try, Seen]:
        """What to do about this request; `text` is its last message's."""
        seen = Seen(what)
        place = len(self.seen)
        self.seen.append(seen)
        self.scenario.cancel_file(self.folder).touch()
        tries = self.scenario.provider
        if isinstance(tries, Mapping):
            return tries[text], seen
        if not tries:
            raise LookupError(f"{self.scenario.name}: nobody should have asked the provider")
        return tries[min(place, len(tries) - 1)], seen

    def opened(self) -> None:
        """A stream begins."""
        self.passed = 0

    def pass_on(self) -> None:
        """The gateway has written one more event."""
        self.passed += 1
        self._moved.set()

    async def passed_on(self, count: int) -> None:
        """Waits until so many events of the stream have been written to the caller."""
        async with asyncio.timeout(LIMIT):
            while self.passed < count:
                self._moved.clear()
                await self._moved.wait()

    async def was_closed(self, seen: Seen) -> bool:
        """Whether the gateway left this request, now or within the limit."""
        try:
            async with asyncio.timeout(LIMIT):
                await seen.closed.wait()
        except TimeoutError:
            return False
        return True


class Stage:
    """The plays of the language that runs in this process.

    Own providers are made without arguments, so there is one stage for all of them.
    """

    def __init__(self) -> None:
        self._plays: dict[str, Play] = {}

    def reset(self, scenarios: Sequence[Scenario], folder: Path) -> None:
        """Every scenario from its start."""
        self._plays = {one.name: Play(one, folder) for one in scenarios}

    def __getitem__(self, name: str) -> Play:
        return self._plays[name]

    def get(self, name: str) -> Play | None:
        return self._plays.get(name)


STAGE = Stage()
