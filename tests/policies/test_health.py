"""When a provider counts as down, and when as up again."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import pytest

from llmrpc import ApiKey, Secret
from llmrpc import v1 as pb
from llmrpc.base import BaseLLMClient
from llmrpc.call import Call, Target
from llmrpc.errors import (
    GenerationTimeoutError,
    InvalidRequestError,
    LLMClientError,
    ModelNotFoundError,
    ProviderNotAvailableError,
    StreamInterruptedError,
    stalled,
)
from llmrpc_server.policies.health import FAILURES, HealthWatcher
from llmrpc_server.policies.keys import KeyRing
from llmrpc_server.policies.retry import RetryClient, RetrySettings
from tests.policies.fakes import (
    METHODS,
    Clock,
    Provider,
    Stream,
    ask,
    completed,
    delta,
    down,
    empty,
    failure,
    limited,
    refused,
    send,
)

ANSWERS = pytest.mark.parametrize("method", ["generate", "open_stream"])
Changes = list[tuple[str, bool]]
DOWN, UP = ("openai", False), ("openai", True)


def watched(provider: BaseLLMClient) -> tuple[HealthWatcher, Changes]:
    changes: Changes = []
    return HealthWatcher(provider, lambda name, up: changes.append((name, up))), changes


@ANSWERS
@pytest.mark.parametrize(
    "make",
    [
        down,
        lambda: ProviderNotAvailableError("unreachable"),
        lambda: ProviderNotAvailableError("x", reason=pb.ERROR_REASON_PROVIDER_OVERLOADED),
        lambda: ProviderNotAvailableError("x", reason=pb.ERROR_REASON_PROVIDER_RESPONSE_INVALID),
        lambda: stalled("openai", 30),
    ],
    ids=["unavailable", "unreachable", "overloaded", "nonsense", "stalled"],
)
async def test_three_failures_in_a_row_put_it_down_once(
    method: str, make: Callable[[], LLMClientError]
) -> None:
    provider = Provider(*(make() for _ in range(5)))
    client, changes = watched(provider)
    for failures in range(1, 6):
        await failure(client, method)
        assert changes == ([] if failures < FAILURES else [DOWN])


def test_the_threshold() -> None:
    assert FAILURES == 3


async def test_whole_answers_and_streams_count_together() -> None:
    client, changes = watched(Provider(down(), down(), down()))
    await failure(client, "generate")
    await failure(client, "open_stream")
    await failure(client, "generate")
    assert changes == [DOWN]


@ANSWERS
async def test_the_first_answer_brings_it_up_once(method: str) -> None:
    client, changes = watched(Provider(down(), down(), down(), down()))
    for _ in range(4):
        await failure(client, method)
    for expected in ([DOWN], [DOWN, UP]):
        answer = await send(client, method)
        if method == "open_stream":
            assert changes == expected
            assert [event async for event in answer][-1].HasField("completed")
        assert changes == [DOWN, UP]


@ANSWERS
@pytest.mark.parametrize(
    "make",
    [
        refused,
        limited,
        empty,
        lambda: InvalidRequestError("x", http_status=400),
        lambda: ModelNotFoundError("x", http_status=404),
    ],
    ids=["refused", "limited", "empty", "rejected", "no model"],
)
async def test_a_refusal_is_an_answer(method: str, make: Callable[[], LLMClientError]) -> None:
    client, changes = watched(Provider(down(), down(), down(), make()))
    for _ in range(4):
        await failure(client, method)
    assert changes == [DOWN, UP]


async def test_it_can_go_down_again() -> None:
    client, changes = watched(Provider(*(down() for _ in range(3)), object(), *[down()] * 3))
    for _ in range(3):
        await failure(client)
    await send(client, "generate")
    for _ in range(2):
        await failure(client)
    assert changes == [DOWN, UP]
    await failure(client)
    assert changes == [DOWN, UP, DOWN]


@ANSWERS
@pytest.mark.parametrize("between", [None, refused()], ids=["answer", "refusal"])
async def test_an_answer_between_failures_starts_the_count_anew(
    method: str, between: Exception | None
) -> None:
    client, changes = watched(Provider(down(), down(), between or object(), down(), down()))
    for _ in range(2):
        await failure(client, method)
    await (failure if between else send)(client, method)
    for _ in range(2):
        await failure(client, method)
    assert changes == []


@ANSWERS
@pytest.mark.parametrize(
    "error",
    [
        InvalidRequestError("never sent"),
        GenerationTimeoutError("the caller's deadline"),
        StreamInterruptedError("x"),
        ProviderNotAvailableError("x", reason=pb.ERROR_REASON_GATEWAY_OVERLOADED),
        ValueError("a fault of ours"),
        asyncio.CancelledError(),
    ],
    ids=lambda error: type(error).__name__,
)
async def test_what_says_nothing_of_the_provider_changes_nothing(
    method: str, error: BaseException
) -> None:
    failed = [down(), down(), *[error] * 3, down(), *[error] * 3]
    client, changes = watched(Provider(*failed))
    for number in range(len(failed)):
        with pytest.raises(BaseException) as caught:  # noqa: PT011 - the script says which
            await send(client, method)
        assert caught.value is failed[number]
        assert changes == ([] if number < 5 else [DOWN])


@pytest.mark.parametrize("error", [None, down(), refused()], ids=["counted", "down", "refused"])
async def test_counts_tell_nothing(error: Exception | None) -> None:
    script = [error or object() for _ in range(4)]
    client, changes = watched(provider := Provider(*script))
    for _ in range(4):
        await (failure if error else send)(client, "count_tokens")
    assert changes == []
    provider.script = [down(), down(), error or object(), down()]
    await failure(client)
    await failure(client)
    await (failure if error else send)(client, "count_tokens")
    await failure(client)
    assert changes == [DOWN]


@pytest.mark.parametrize("make", [down, lambda: StreamInterruptedError("x")])
async def test_a_stream_that_breaks_is_a_failure(make: Callable[[], LLMClientError]) -> None:
    breaking = [Stream(delta("Hel"), make()) for _ in range(4)]
    client, changes = watched(Provider(*breaking))
    for number in range(1, 5):
        events = await send(client, "open_stream")
        assert (await anext(events)).deltas
        with pytest.raises(LLMClientError):
            await anext(events)
        assert changes == ([] if number < FAILURES else [DOWN])
    assert [event async for event in await send(client, "open_stream")]
    assert changes == [DOWN, UP]


@pytest.mark.parametrize("end", [GenerationTimeoutError("x"), asyncio.CancelledError()])
async def test_a_stream_that_its_caller_ends_tells_nothing(end: BaseException) -> None:
    left = [Stream(delta("Hel"), end) for _ in range(3)]
    client, changes = watched(Provider(down(), down(), *left, down()))
    await failure(client)
    await failure(client)
    for _ in left:
        async with await send(client, "open_stream") as events:
            await anext(events)
            with pytest.raises(type(end)):
                await anext(events)
    assert changes == []
    await failure(client)
    assert changes == [DOWN]


async def test_keys_that_all_rest_after_a_refusal_are_an_answer(clock: Clock) -> None:
    """The error is about the keys then, and has no status of its own."""
    provider = Provider(*(down() for _ in range(6)), refused())
    ring = KeyRing("openai", [ApiKey("one", Secret("sk-one"))], clock)
    client, changes = watched(
        RetryClient(provider, ring, RetrySettings(attempts=2), clock.sleep, lambda low, high: low)
    )
    for _ in range(3):
        await failure(client)
    assert changes == [DOWN]
    assert (await failure(client)).http_status is None
    assert changes == [DOWN, UP]


@METHODS
async def test_everything_passes_as_it_is(method: str) -> None:
    event = completed("Hello")
    answer = Stream(event) if method == "open_stream" else object()
    client, _ = watched(provider := Provider(answer, down()))
    request, call = ask(), Call(caller="tutor", target=Target("azure", "m"))
    given = await getattr(client, method)(request, call)
    if isinstance(answer, Stream):
        assert await anext(given) is event
        await given.aclose()
        assert answer.closes == 1
    else:
        assert given is answer
    (asked,) = provider.asked
    assert asked.method == method
    assert asked.request is request
    assert asked.call is call


async def test_a_change_bears_the_providers_name() -> None:
    provider = Provider(down(), down(), down(), name="mistral")
    client, changes = watched(provider)
    for _ in range(3):
        await failure(client)
    await send(client, "generate")
    assert changes == [("mistral", False), ("mistral", True)]
