"""How retries take keys: in turn, past those that rest."""

from __future__ import annotations

import pytest

from llmrpc.call import Call, Target
from llmrpc_server.policies.keys import SET_ASIDE
from llmrpc_server.policies.retry import RetryClient, RetrySettings
from tests.policies.fakes import (
    FAILED,
    METHODS,
    SUCCEEDED,
    Clock,
    Provider,
    down,
    empty,
    failure,
    forbidden_again,
    limited,
    outcomes,
    refused,
    send,
)
from tests.policies.rotating import ring, rotating


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
