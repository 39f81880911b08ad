"""The watchdog over a stream: silence counts while an event is waited for."""

from __future__ import annotations

import asyncio

from llmrpc import v1 as pb
from llmrpc_server.providers.watchdog import Watchdog

STALL = 0.05


async def test_a_reader_that_takes_its_time_is_no_silent_provider() -> None:
    aborted = asyncio.Event()
    watchdog = Watchdog("openai", STALL, None, aborted.set)
    watchdog.waiting()
    watchdog.progress()
    await asyncio.sleep(4 * STALL)
    assert watchdog.error is None
    watchdog.waiting()
    await asyncio.wait_for(aborted.wait(), 5)
    assert watchdog.error is not None
    assert watchdog.error.reason == pb.ERROR_REASON_PROVIDER_STALLED


async def test_the_deadline_fires_whoever_is_waited_for() -> None:
    aborted = asyncio.Event()
    deadline = asyncio.get_running_loop().time() + STALL
    watchdog = Watchdog("openai", 60, deadline, aborted.set)
    await asyncio.wait_for(aborted.wait(), 5)
    assert watchdog.error is not None
    assert watchdog.error.reason == pb.ERROR_REASON_DEADLINE_EXCEEDED


async def test_nothing_fires_once_it_was_stopped() -> None:
    aborted = asyncio.Event()
    watchdog = Watchdog("openai", STALL, None, aborted.set)
    watchdog.waiting()
    watchdog.stop()
    await asyncio.sleep(4 * STALL)
    assert not aborted.is_set()
