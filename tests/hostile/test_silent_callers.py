"""Silent calls that are made anew without end: whoever has sent a request before is served."""

from __future__ import annotations

from tests.gateway.conftest import ask
from tests.hostile.conftest import Attack
from tests.hostile.http2 import Caller, framed
from tests.hostile.victim import MB
from tests.running import until

CHECK = "/grpc.health.v1.Health/Check"


async def begin(caller: Caller, request: bytes = b"") -> int:
    """Begins a call and sends its request, if any; returns when the gateway has taken it."""
    stream = caller.begin()
    await caller.send(stream, request, end=bool(request))
    probe = caller.begin(CHECK)
    await caller.send(probe, framed(b""), end=True)
    await until(lambda: probe in caller.ended)
    return stream


async def test_a_known_connection_is_served_before_newer_ones(victim: Attack) -> None:
    running = await victim(listen={"max_message_bytes": MB, "max_unread_bytes": MB})
    request = framed(ask(model="echo").SerializeToString())
    async with (
        await Caller.connect(running.address) as known,
        await Caller.connect(running.address) as silent,
    ):
        first = await begin(known, request)
        await until(lambda: first in known.ended)
        held = await begin(silent)
        waiting = await begin(known, request)
        newer = await begin(silent)
        assert known.ended.isdisjoint([waiting])
        silent.reset(held)
        await until(lambda: waiting in known.ended)
        assert newer not in silent.ended
        assert known.received[waiting] == known.received[first]


async def test_a_connection_that_fell_silent_is_unknown(victim: Attack) -> None:
    running = await victim(listen={"max_message_bytes": MB, "max_unread_bytes": MB})
    request = framed(ask(model="echo").SerializeToString())
    async with (
        await Caller.connect(running.address) as silent,
        await Caller.connect(running.address) as other,
    ):
        first = await begin(silent, request)
        await until(lambda: first in silent.ended)
        silent.reset(await begin(silent))
        await until(lambda: len(running.lines()) == 2)
        held = await begin(silent)
        await begin(silent)
        newest = await begin(other, request)
        silent.reset(held)
        await until(lambda: newest in other.ended)
