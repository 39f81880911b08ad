"""How retries take keys: in turn, past those that rest, after a wait for one."""

from __future__ import annotations

from itertools import chain, repeat
from typing import Any

import pytest

from llmrpc import ApiKey, AuthenticationError, RateLimitError, Secret
from llmrpc import v1 as pb
from llmrpc.call import Call, Target
from llmrpc.errors import GenerationTimeoutError
from llmrpc_server.policies.keys import SET_ASIDE, KeyRing
from llmrpc_server.policies.retry import RetryClient, RetrySettings
from tests.policies.fakes import (
    FAILED,
    METHODS,
    SUCCEEDED,
    Clock,
    Provider,
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


def ring(clock: Clock, *names: str) -> KeyRing:
    return KeyRing("openai", [ApiKey(name, Secret(f"sk-{name}")) for name in names], clock)


def rotating(
    provider: Provider,
    clock: Clock,
    *names: str,
    jitter: float = 0.0,
    **settings: Any,
) -> RetryClient:
    """Around a provider with these keys; of each span of jitter so much is taken.

    The rest are settings.
    """

    def uniform(low: float, high: float) -> float:
        return low + (high - low) * jitter

    keys = ring(clock, *names)
    return RetryClient(provider, keys, RetrySettings(**settings), clock.sleep, uniform)


@METHODS
async def test_keys_are_taken_in_turn(clock: Clock, method: str) -> None:
    client = rotating(provider := Provider(), clock, "one", "two")
    for _ in range(3):
        await send(client, method)
    assert provider.keys == ["one", "two", "one"]


@METHODS
@pytest.mark.parametrize("error", [refused(), empty(), limited(), limited(60)], ids=str)
async def test_the_next_key_is_tried_without_a_wait(
    clock: Clock, method: str, error: Exception
) -> None:
    client = rotating(provider := Provider(error), clock, "one", "two")
    call = Call(target=Target("azure", "m"))
    await send(client, method, call)
    assert provider.keys == ["one", "two"]
    assert [attempt.key for attempt in call.trail] == ["one", "two"]
    assert outcomes(call.trail) == [FAILED, SUCCEEDED]
    assert clock.slept == []
    target = provider.asked[1].call.target
    assert target is not None
    assert (target.provider, target.model) == ("azure", "m")


@METHODS
@pytest.mark.parametrize("error", [refused(), empty(), limited(60)], ids=str)
async def test_a_key_that_was_refused_is_left_alone_for_a_while(
    clock: Clock, method: str, error: Exception
) -> None:
    client = rotating(provider := Provider(error), clock, "one", "two")
    await send(client, method)
    await send(client, method)
    assert provider.keys == ["one", "two", "two"]
    clock.now += SET_ASIDE
    await send(client, method)
    assert provider.keys[-1] == "one"


async def test_a_key_that_is_refused_for_one_model_serves_the_others(clock: Clock) -> None:
    client = rotating(provider := Provider(refused(403)), clock, "one")
    await failure(client, model="m")
    await failure(client, model="m")
    await send(client, "generate", model="n")
    assert [asked.request.model for asked in provider.asked] == ["m", "n"]


async def test_a_model_is_the_targets_not_the_requests(clock: Clock) -> None:
    client = rotating(provider := Provider(refused(403)), clock, "one")
    for upstream in ("m", "m", "n"):
        call = Call(target=Target("openai", upstream))
        await (send if upstream == "n" else failure)(client, "generate", call, "alias")
    assert len(provider.asked) == 2


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


async def test_a_provider_that_forbids_another_try_is_obeyed_whatever_keys_are_left(
    clock: Clock,
) -> None:
    error = forbidden_again(limited(1))
    client = rotating(provider := Provider(error), clock, "one", "two")
    assert await failure(client) is error
    assert provider.keys == ["one"]
    await send(client, "generate")
    assert provider.keys == ["one", "two"]


@pytest.mark.parametrize(
    ("attempts", "names", "tries"),
    [
        (3, ["one"], 3),
        (1, ["one"], 1),
        (1, ["one", "two"], 4),
        (2, ["one", "two", "three"], 6),
        (5, ["one", "two"], 5),
    ],
)
async def test_several_keys_have_two_tries_each_if_that_is_more(
    clock: Clock, attempts: int, names: list[str], tries: int
) -> None:
    script = [limited(0) for _ in range(20)]
    provider = Provider(*script)
    client = rotating(provider, clock, *names, attempts=attempts)
    assert await failure(client) is script[tries - 1]
    assert len(provider.asked) == tries


async def test_a_key_that_others_take_is_waited_for_so_often(clock: Clock) -> None:
    async def in_vain(seconds: float) -> None:
        clock.slept.append(seconds)

    keys, provider = ring(clock, "one"), Provider()
    keys.penalise(keys.pick("m"), "m", limited(4), 0.0)
    settings = RetrySettings(attempts=2)
    client = RetryClient(provider, keys, settings, in_vain, lambda low, high: low)
    assert (await failure(client)).retry_after == 4.0
    assert clock.slept == [4.0, 4.0]
    assert not provider.asked


async def test_a_fault_that_is_not_the_keys_takes_its_backoff(clock: Clock) -> None:
    client = rotating(provider := Provider(down(), down()), clock, "one", "two", jitter=1.0)
    await send(client, "generate")
    assert provider.keys == ["one", "two", "one"]
    assert clock.slept == [0.5, 1.0]


async def test_keys_that_fail_count_as_tries(clock: Clock) -> None:
    script = [refused(), *(down() for _ in range(9))]
    client = rotating(provider := Provider(*script), clock, "one", "two", jitter=1.0)
    await failure(client)
    assert len(provider.asked) == 4
    assert clock.slept == [1.0, 2.0]
    script = [refused(), refused(), down()]
    client = rotating(provider := Provider(*script), clock, "one", "two", "three", attempts=2)
    assert await failure(client) is script[2]


@pytest.mark.parametrize("method", ["generate", "open_stream"])
async def test_counts_and_answers_do_not_hold_each_other_up(clock: Clock, method: str) -> None:
    client = rotating(provider := Provider(limited(60)), clock, "one")
    assert (await failure(client, "count_tokens")).retry_after == 60.0
    await send(client, method)
    provider.script = [limited(50)]
    assert (await failure(client, method)).retry_after == 50.0
    assert (await failure(client, "count_tokens")).retry_after == 60.0
    assert len(provider.asked) == 3
