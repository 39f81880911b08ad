"""How retries wait for a key: for the first that is back, within the time that is left."""

from __future__ import annotations

from itertools import chain, repeat
from typing import Any

import pytest

from llmrpc import AuthenticationError, RateLimitError
from llmrpc import v1 as pb
from llmrpc.call import Call
from llmrpc.errors import GenerationTimeoutError
from tests.policies.fakes import (
    METHODS,
    Clock,
    Provider,
    down,
    due,
    empty,
    failure,
    limited,
    refused,
    send,
)
from tests.policies.rotating import rotating


@pytest.mark.parametrize(
    ("error", "kind", "reason"),
    [
        (refused(), AuthenticationError, pb.ERROR_REASON_PROVIDER_AUTHENTICATION),
        (empty(), RateLimitError, pb.ERROR_REASON_PROVIDER_QUOTA_EXHAUSTED),
    ],
    ids=["refused", "empty"],
)
async def test_no_wait_brings_back_keys_that_are_set_aside(
    clock: Clock, error: Exception, kind: type[Exception], reason: int
) -> None:
    client = rotating(provider := Provider(error, error), clock, "one", "two")
    failed = await failure(client)
    assert isinstance(failed, kind)
    assert failed.reason == reason
    assert failed.__cause__ is error
    assert provider.keys == ["one", "two"]
    again = await failure(client)
    assert again.__cause__ is None
    assert len(provider.asked) == 2
    assert clock.slept == []


@METHODS
async def test_when_all_are_limited_the_first_that_is_back_is_waited_for(
    clock: Clock, method: str
) -> None:
    client = rotating(provider := Provider(limited(9), limited(4)), clock, "one", "two")
    await send(client, method)
    assert provider.keys == ["one", "two", "two"]
    assert clock.slept == [4.0]


async def test_those_who_wait_for_a_key_do_not_wake_at_once(clock: Clock) -> None:
    client = rotating(Provider(limited(4)), clock, "one", jitter=1.0)
    await send(client, "generate")
    assert clock.slept == [pytest.approx(4.45)]


async def test_a_limit_without_a_time_rests_the_key_for_the_backoff(clock: Clock) -> None:
    client = rotating(Provider(limited(), limited(), limited()), clock, "one")
    await send(client, "generate")
    assert clock.slept == [0.5, 1.0, 2.0]


async def test_a_wait_too_long_ends_with_the_shortest(clock: Clock) -> None:
    script = [limited(60), limited(40)]
    client = rotating(provider := Provider(*script), clock, "one", "two")
    failed = await failure(client)
    assert failed.retry_after == 40.0
    assert failed.__cause__ is script[1]
    assert clock.slept == []
    clock.now += 10
    assert (await failure(client)).retry_after == 30.0
    assert len(provider.asked) == 2


@pytest.mark.parametrize(("remaining", "tries"), [(4.5, 2), (4.4375, 1)])
async def test_no_key_is_waited_for_past_the_deadline(
    clock: Clock, remaining: float, tries: int
) -> None:
    script = [limited(4), down(60)]
    client = rotating(provider := Provider(*script), clock, "one")
    failed = await failure(client, call=due(clock, remaining))
    assert len(provider.asked) == tries
    assert failed.retry_after == (60 if tries == 2 else 4)


@pytest.mark.parametrize(("remaining", "slept"), [(4.5, 4.0), (4.75, 4.25), (9.0, 4.45)])
async def test_the_spread_of_a_wait_leaves_time_for_the_try(
    clock: Clock, remaining: float, slept: float
) -> None:
    client = rotating(Provider(limited(4)), clock, "one", jitter=1.0)
    await send(client, "generate", due(clock, remaining))
    assert clock.slept == [pytest.approx(slept)]


async def test_the_time_that_is_left_for_the_try_is_configured(clock: Clock) -> None:
    client = rotating(Provider(limited(4)), clock, "one", jitter=1.0, min_remaining=1.0)
    await send(client, "generate", due(clock, 5.25))
    assert clock.slept == [4.25]


async def test_time_that_passes_meanwhile_shortens_no_wait(
    clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    client = rotating(Provider(limited(4)), clock, "one", jitter=1.0)
    # three looks say that the attempt and its wait fit, the others that they do not
    late = chain([0.0, 0.0, 0.0], repeat(0.25))
    monkeypatch.setattr("llmrpc.call.time.monotonic", lambda: clock.now + next(late))
    assert isinstance(await failure(client, call=due(clock, 4.5)), RateLimitError)
    assert clock.slept == [4.0]


class _Slow(Provider):
    """Takes a second for each answer."""

    def __init__(self, clock: Clock, *script: Any) -> None:
        super().__init__(*script)
        self._clock = clock

    async def generate(self, request: pb.GenerateRequest, call: Call | None = None) -> Any:
        self._clock.now += 1.0
        return await super().generate(request, call)


@pytest.mark.parametrize(("remaining", "tries"), [(1.5, 2), (1.4375, 1), (0.4375, 0)])
async def test_no_key_is_tried_without_time_for_it(
    clock: Clock, remaining: float, tries: int
) -> None:
    script = [refused(), down(60)]
    client = rotating(provider := _Slow(clock, *script), clock, "one", "two")
    if not tries:
        failed = await failure(client, call=due(clock, remaining))
        assert isinstance(failed, GenerationTimeoutError)
        assert not provider.asked
        return
    assert await failure(client, call=due(clock, remaining)) is script[tries - 1]
    assert len(provider.asked) == tries
