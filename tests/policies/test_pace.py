"""The pace of a provider: up with answers, down when it limits, and no turn lost."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import pytest

from llmrpc_server.policies import pace as module
from llmrpc_server.policies.pace import START, Pace

Clock = Callable[[float], None]


@pytest.fixture
def ahead(monkeypatch: pytest.MonkeyPatch) -> Clock:
    """Sets the clock of a pace forward by so many seconds."""
    now = 1000.0

    def forward(seconds: float) -> None:
        nonlocal now
        now += seconds

    monkeypatch.setattr(module, "monotonic", lambda: now)
    return forward


async def room(pace: Pace) -> int:
    """How many may run at a time; nothing runs when it is asked, nor then."""
    count = 0
    while not (turn := asyncio.ensure_future(pace.enter())).done():
        await asyncio.sleep(0)
        if not turn.done():
            turn.cancel()
            await asyncio.gather(turn, return_exceptions=True)
            break
        count += 1
    for _ in range(count):
        pace.leave()
    return count


async def answer(pace: Pace, times: int) -> None:
    """So many items at once are all answered."""
    for _ in range(times):
        await asyncio.wait_for(pace.enter(), 5)
    for _ in range(times):
        pace.leave(answered=True)


async def test_it_starts_low_and_grows_with_every_answer_at_the_limit() -> None:
    pace = Pace(20, 60)
    assert await room(pace) == START
    await answer(pace, START)
    assert START < await room(pace) <= 2 * START
    await answer(pace, 1)  # one at a time: the limit is not what holds it
    before = await room(pace)
    await answer(pace, 1)
    assert await room(pace) == before


async def test_it_does_not_grow_past_the_bound() -> None:
    pace = Pace(5, 60)
    for _ in range(10):
        await answer(pace, await room(pace))
    assert await room(pace) == 5


async def test_a_burst_of_refusals_halves_it_once(ahead: Clock) -> None:
    pace = Pace(8, 60)
    for _ in range(8):
        await answer(pace, await room(pace))
    for _ in range(8):
        await pace.enter()
    for _ in range(5):
        pace.limited()
    for _ in range(8):
        pace.leave()
    assert await room(pace) == 4
    ahead(module.BURST + 0.1)
    pace.limited()
    assert await room(pace) == 1


async def test_after_a_cut_it_grows_by_one_a_round() -> None:
    pace = Pace(20, 60)
    for _ in range(START):
        await pace.enter()
    pace.limited()
    for _ in range(START):
        pace.leave()
    assert await room(pace) == 2
    turns = [asyncio.ensure_future(pace.enter()) for _ in range(5)]
    await asyncio.sleep(0)
    for _ in range(3):  # a half, then less: a little more than a round
        pace.leave(answered=True)
    await asyncio.wait_for(asyncio.gather(*turns), 5)
    pace.leave()
    pace.leave()
    assert await room(pace) == 3


@pytest.mark.parametrize("granted", [False, True])
async def test_a_turn_that_is_cancelled_is_not_lost(granted: bool) -> None:
    pace = Pace(1, 60)
    await pace.enter()
    waiting, last = (asyncio.ensure_future(pace.enter()) for _ in range(2))
    await asyncio.sleep(0)
    if granted:
        pace.leave()  # lets the first one in, before it can notice
        waiting.cancel()
    else:
        waiting.cancel()
        await asyncio.sleep(0)
        pace.leave()
    await asyncio.wait_for(last, 5)
    assert waiting.cancelled()
    pace.leave()
    assert await room(pace) == 1


async def test_nobody_is_let_in_while_it_rests() -> None:
    pace = Pace(4, 60)
    assert pace.rest(0.05, None)
    assert pace.rest(0.01, None)
    assert await room(pace) == 0
    await asyncio.wait_for(pace.enter(), 5)
    pace.leave()
    assert await room(pace) == START


async def test_patience_is_measured_from_the_last_answer(ahead: Clock) -> None:
    pace = Pace(4, 60)
    assert not pace.rest(70, None)
    pace.limited()
    ahead(50)
    pace.limited()
    assert not pace.rest(20, None)
    await answer(pace, 1)
    assert pace.rest(20, None)
    ahead(61)  # trouble of long ago counts no more
    assert pace.rest(0.0, None)


async def test_a_rest_behind_the_deadline_is_not_worth_it(ahead: Clock) -> None:
    pace = Pace(4, 60)
    assert not pace.rest(10, 1005.0)
    assert pace.rest(1, 1005.0)
