"""What is tried again, when, and what is never; keys have a file of their own."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import FrozenInstanceError
from typing import Any

import pytest

from llmrpc import v1 as pb
from llmrpc.call import Call, Target
from llmrpc.errors import (
    AuthenticationError,
    ContextWindowExceededError,
    GenerationTimeoutError,
    InvalidRequestError,
    LLMClientError,
    ModelNotFoundError,
    ProviderNotAvailableError,
    RateLimitError,
    StreamInterruptedError,
    stalled,
)
from llmrpc_server.policies.keys import KeyRing
from llmrpc_server.policies.retry import RetryClient, RetrySettings
from tests.policies.fakes import (
    FAILED,
    METHODS,
    SUCCEEDED,
    Clock,
    Provider,
    Stream,
    ask,
    delta,
    down,
    due,
    empty,
    failure,
    forbidden_again,
    limited,
    outcomes,
    refused,
    send,
)

Dice = Callable[[float, float], float]


def highest(low: float, high: float) -> float:
    return high


def lowest(low: float, high: float) -> float:
    return low


def retrying(
    provider: Provider,
    clock: Clock,
    uniform: Dice = highest,
    **settings: Any,
) -> RetryClient:
    """Around a provider without keys; the rest are settings."""
    keys = KeyRing("openai", [])
    return RetryClient(provider, keys, RetrySettings(**settings), clock.sleep, uniform)


@METHODS
@pytest.mark.parametrize(
    "make",
    [
        down,
        limited,
        lambda: ProviderNotAvailableError("x", reason=pb.ERROR_REASON_PROVIDER_OVERLOADED),
        lambda: ProviderNotAvailableError("x", reason=pb.ERROR_REASON_PROVIDER_RESPONSE_INVALID),
    ],
    ids=["unavailable", "limited", "overloaded", "nonsense"],
)
async def test_what_may_pass_is_tried_again(
    clock: Clock, method: str, make: Callable[[], LLMClientError]
) -> None:
    answer = object()
    provider = Provider(make(), make(), answer)
    call = Call()
    assert await send(retrying(provider, clock), method, call) is answer
    assert [asked.method for asked in provider.asked] == [method] * 3
    assert outcomes(call.trail) == [FAILED, FAILED, SUCCEEDED]
    assert clock.slept == [0.5, 1.0]


@METHODS
@pytest.mark.parametrize(
    "error",
    [
        InvalidRequestError("x"),
        ContextWindowExceededError("x"),
        ModelNotFoundError("x"),
        AuthenticationError("x"),
        refused(),
        empty(),
        GenerationTimeoutError("x"),
        stalled("openai", 30),
        StreamInterruptedError("x"),
        LLMClientError("x"),
        forbidden_again(down()),
        forbidden_again(limited(1)),
        ValueError("x"),
        asyncio.CancelledError(),
    ],
    ids=lambda error: getattr(error, "reason_name", "") or type(error).__name__,
)
async def test_what_will_not_pass_is_raised_at_once(
    clock: Clock, method: str, error: BaseException
) -> None:
    provider = Provider(error)
    call = Call()
    with pytest.raises(type(error)) as caught:
        await send(retrying(provider, clock), method, call)
    assert caught.value is error
    assert outcomes(call.trail) == [FAILED]
    assert clock.slept == []


@METHODS
async def test_the_last_error_is_raised_when_the_tries_are_spent(clock: Clock, method: str) -> None:
    errors = [down() for _ in range(5)]
    call = Call()
    assert await failure(retrying(Provider(*errors), clock), method, call) is errors[3]
    assert outcomes(call.trail) == [FAILED] * 4
    assert clock.slept == [0.5, 1.0, 2.0]


@pytest.mark.parametrize("attempts", [1, 2, 5])
async def test_so_many_tries_as_are_configured(clock: Clock, attempts: int) -> None:
    provider = Provider(*(down() for _ in range(9)))
    await failure(retrying(provider, clock, attempts=attempts))
    assert len(provider.asked) == attempts


async def test_the_first_wait_is_configured(clock: Clock) -> None:
    provider = Provider(*(down() for _ in range(9)))
    await failure(retrying(provider, clock, base_delay=3.0, max_delay=10.0))
    assert clock.slept == [3.0, 6.0, 10.0]


def test_settings_do_not_change() -> None:
    with pytest.raises(FrozenInstanceError):
        RetrySettings().attempts = 1  # type: ignore[misc]  # what is tried


async def test_the_wait_doubles_up_to_its_bound(clock: Clock) -> None:
    await failure(retrying(Provider(*(down() for _ in range(9))), clock, attempts=7))
    assert clock.slept == [0.5, 1.0, 2.0, 4.0, 8.0, 8.0]


async def test_more_tries_than_doubling_can_bear(clock: Clock) -> None:
    provider = Provider(*(down() for _ in range(1099)))
    await send(retrying(provider, clock, attempts=1100, max_delay=1.0), "generate")
    assert len(provider.asked) == 1100
    assert clock.slept[-1] == 1.0


async def test_jitter_takes_up_to_half_of_a_wait(clock: Clock) -> None:
    provider = Provider(*(down() for _ in range(9)))
    await failure(retrying(provider, clock, uniform=lowest))
    assert clock.slept == [0.25, 0.5, 1.0]


async def test_waits_are_spread_unless_told_otherwise(clock: Clock) -> None:
    client = RetryClient(
        Provider(*(down() for _ in range(99))),
        KeyRing("openai", []),
        RetrySettings(attempts=20, max_delay=0.5),
        clock.sleep,
    )
    await failure(client)
    assert len(set(clock.slept)) > 1
    assert all(0.25 <= wait <= 0.5 for wait in clock.slept)


async def test_it_sleeps_by_itself() -> None:
    provider = Provider(down())
    client = RetryClient(provider, KeyRing("openai", []), RetrySettings(base_delay=0.001))
    await send(client, "generate")
    assert len(provider.asked) == 2


@METHODS
@pytest.mark.parametrize("wait", [0.0, 0.1, 7.25, 20.0])
async def test_the_providers_own_wait_is_obeyed_to_the_letter(
    clock: Clock, method: str, wait: float
) -> None:
    await send(retrying(Provider(down(wait)), clock), method)
    assert clock.slept == [wait]


async def test_each_wait_is_the_newest_errors(clock: Clock) -> None:
    await send(retrying(Provider(down(3.0), down(), down(0.5)), clock), "generate")
    assert clock.slept == [3.0, 1.0, 0.5]


async def test_a_wait_that_is_too_long_ends_it(clock: Clock) -> None:
    provider = Provider(down(20.01))
    assert (await failure(retrying(provider, clock))).retry_after == 20.01
    assert len(provider.asked) == 1
    await send(retrying(Provider(down(20.01)), clock, max_retry_after=21), "generate")
    assert clock.slept == [20.01]


@METHODS
@pytest.mark.parametrize(("remaining", "tries"), [(2.5, 2), (2.4375, 1)])
async def test_a_try_needs_time_after_its_wait(
    clock: Clock, method: str, remaining: float, tries: int
) -> None:
    provider = Provider(*(down(2.0) for _ in range(9)))
    call = due(clock, remaining)
    assert (await failure(retrying(provider, clock), method, call)).retry_after == 2.0
    assert len(provider.asked) == tries
    assert len(clock.slept) == tries - 1


async def test_the_deadline_is_that_of_the_whole_call(clock: Clock) -> None:
    provider = Provider(*(down(1.0) for _ in range(9)))
    await failure(retrying(provider, clock, attempts=9), call=due(clock, 3.75))
    assert clock.slept == [1.0, 1.0, 1.0]


async def test_the_time_that_a_try_needs_is_configured(clock: Clock) -> None:
    provider = Provider(down(1.0))
    await failure(retrying(provider, clock, min_remaining=2.0), call=due(clock, 2.5))
    assert len(provider.asked) == 1


async def test_nothing_is_tried_again_after_the_commit_point(clock: Clock) -> None:
    broken = down()
    provider = Provider(stream := Stream(delta("Hel"), broken))
    events = await send(retrying(provider, clock), "open_stream")
    assert events is stream
    assert (await anext(events)).deltas[0].text == "Hel"
    with pytest.raises(ProviderNotAvailableError) as caught:
        await anext(events)
    assert caught.value is broken
    assert len(provider.asked) == 1


async def test_cancelling_ends_the_wait(clock: Clock) -> None:
    waiting = asyncio.Event()

    async def forever(_: float) -> None:
        waiting.set()
        await asyncio.Event().wait()

    provider = Provider(down())
    client = RetryClient(provider, KeyRing("openai", []), RetrySettings(), forever)
    call = asyncio.ensure_future(send(client, "generate"))
    await waiting.wait()
    call.cancel()
    with pytest.raises(asyncio.CancelledError):
        await call
    assert len(provider.asked) == 1


@METHODS
async def test_every_try_sends_the_same_request_to_the_same_target(
    clock: Clock, method: str
) -> None:
    provider = Provider(down())
    target = Target("azure", "gpt-4o")
    call = Call(caller="tutor", deadline=clock.now + 60, target=target, metadata=(("a", "b"),))
    request = ask("alias", temperature=0.5)
    before = ask("alias", temperature=0.5)
    await getattr(retrying(provider, clock), method)(request, call)
    for asked in provider.asked:
        assert asked.request is request
        assert asked.call == call
        assert asked.call.trail is call.trail
    assert request == before


@METHODS
async def test_a_call_without_a_target_goes_where_it_says(clock: Clock, method: str) -> None:
    provider = Provider(name="mistral")
    await send(retrying(provider, clock), method, model="large")
    assert provider.asked[0].call.target == Target("mistral", "large")


async def test_a_limit_that_is_not_the_providers_is_no_reason_to_stop(clock: Clock) -> None:
    ours = RateLimitError("ours", reason=pb.ERROR_REASON_RATE_LIMITED, retry_after=1.0)
    provider = Provider(ours)
    await send(retrying(provider, clock), "generate")
    assert clock.slept == [1.0]
