"""Silent calls that are made anew without end: whoever has sent a request before is served."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from tests.gateway.conftest import ask
from tests.hostile.conftest import Attack
from tests.hostile.http2 import Caller, framed
from tests.hostile.victim import MB, Victim
from tests.running import until

CHECK = "/grpc.health.v1.Health/Check"
ONE_AT_A_TIME = {"max_message_bytes": MB, "max_unread_bytes": MB, "read_timeout": 3600}
"""Who holds the only place keeps it: nobody is served because another was late."""
REQUEST = framed(ask(model="echo").SerializeToString())


@pytest.fixture
async def pair(victim: Attack) -> AsyncIterator[tuple[Victim, Caller, Caller]]:
    """A gateway that receives one request at a time, and two connections to it."""
    running = await victim(listen=ONE_AT_A_TIME)
    async with (
        await Caller.connect(running.address) as one,
        await Caller.connect(running.address) as other,
    ):
        yield running, one, other


async def begin(caller: Caller, request: bytes = b"") -> int:
    """Begins a call and sends its request, if any; returns when the gateway has taken it."""
    stream = caller.begin()
    await caller.send(stream, request, end=bool(request))
    probe = caller.begin(CHECK)
    await caller.send(probe, framed(b""), end=True)
    await until(lambda: probe in caller.ended)
    return stream


async def test_a_known_connection_is_served_before_newer_ones(
    pair: tuple[Victim, Caller, Caller],
) -> None:
    _, known, silent = pair
    first = await begin(known, REQUEST)
    await until(lambda: first in known.ended)
    held = await begin(silent)
    waiting = await begin(known, REQUEST)
    newer = await begin(silent)
    assert known.ended.isdisjoint([waiting])
    silent.reset(held)
    await until(lambda: waiting in known.ended)
    assert newer not in silent.ended
    assert known.received[waiting] == known.received[first]


async def test_a_connection_that_fell_silent_is_unknown(
    pair: tuple[Victim, Caller, Caller],
) -> None:
    running, silent, other = pair
    first = await begin(silent, REQUEST)
    await until(lambda: first in silent.ended)
    silent.reset(await begin(silent))
    await until(lambda: len(running.lines()) == 2)
    held = await begin(silent)
    await begin(silent)
    newest = await begin(other, REQUEST)
    silent.reset(held)
    await until(lambda: newest in other.ended)
