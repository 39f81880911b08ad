"""What a stream must be, and what happens when it is left."""

from __future__ import annotations

import asyncio
import gc
from collections.abc import AsyncIterator
from contextlib import aclosing
from typing import Any, cast

import grpc
import pytest

from llmrpc import GatewayClient, LLMMessage, StreamInterruptedError, accumulate
from llmrpc import v1 as pb
from llmrpc.accumulate import Accumulator
from llmrpc.answer import AnswerBuilder
from llmrpc.stream import EventStream
from llmrpc.types import finish_reason_name
from tests.client.gateway import Failure, Gateway, Hang, Step, response, stream, until

HELLO = [LLMMessage("user", "Hello")]
REQUEST = pb.GenerateRequest()


def event(sequence: int, text: str = "x", part: int = 0) -> pb.StreamEvent:
    return pb.StreamEvent(sequence=sequence, deltas=[pb.Delta(part_index=part, text=text)])


def end(sequence: int, text: str) -> pb.StreamEvent:
    return pb.StreamEvent(sequence=sequence, completed=response(text))


BROKEN: dict[str, tuple[list[pb.StreamEvent], str]] = {
    "nothing at all": ([], "without its completed"),
    "no completed": ([event(1)], "without its completed"),
    "a gap": ([event(1), event(3)], "event 3 came"),
    "a repeat": ([event(1), event(1)], "event 1 came"),
    "a late start": ([event(2)], "event 2 came"),
    "more behind the end": ([event(1), end(2, "x"), event(3)], "the completed response"),
}
BROKEN_ANSWERS: dict[str, tuple[list[pb.StreamEvent], str]] = {
    "not adding up": ([event(1), end(2, "y")], "do not add up"),
    "a part skipped": ([event(1, part=1)], "part 1 arrived"),
    "a negative part": ([event(1, part=-1)], "part -1 arrived"),
    "a signature of nothing": (
        [pb.StreamEvent(sequence=1, deltas=[pb.Delta(signature=pb.Signature(data="s"))])],
        "part 0 arrived",
    ),
    "a part that changes": (
        [event(1), pb.StreamEvent(sequence=2, deltas=[pb.Delta(reasoning="r")])],
        "changed from text to reasoning",
    ),
}


@pytest.mark.parametrize("name", [*BROKEN, *BROKEN_ANSWERS])
async def test_accumulate_refuses_what_is_not_whole(name: str) -> None:
    events, message = (BROKEN | BROKEN_ANSWERS)[name]

    async def played() -> AsyncIterator[pb.StreamEvent]:
        for one in events:
            yield one

    with pytest.raises(StreamInterruptedError, match=message):
        await accumulate(played())


@pytest.mark.parametrize("name", BROKEN)
async def test_the_client_refuses_what_is_not_whole(
    gateway: Gateway, client: GatewayClient, name: str
) -> None:
    events, message = BROKEN[name]
    gateway.play(events)
    with pytest.raises(StreamInterruptedError, match=message):
        async for _ in client.stream_text(HELLO):
            pass


async def read_one(events: EventStream) -> None:
    assert (await anext(events)).sequence == 1


def test_a_part_may_be_empty_and_signed() -> None:
    answer, folded = AnswerBuilder(), Accumulator()
    answer.start("thought", "reasoning")
    answer.start("thought", "reasoning")
    signature = pb.Signature(provider="p", data="s")
    answer.signature("thought", signature)
    answer.text("said", "Hello")
    assert answer.parts() == [pb.Part(reasoning="", signature=signature), pb.Part(text="Hello")]
    for delta in answer.take():
        folded.add(delta)
    assert folded.parts() == answer.parts()


async def test_aclose_cancels_the_call(gateway: Gateway, client: GatewayClient) -> None:
    gateway.play([*stream("One", whole=False), Hang()])
    events = await client.open_stream(REQUEST)
    await read_one(events)
    await events.aclose()
    await events.aclose()
    await until(lambda: gateway.cancelled)
    with pytest.raises(StopAsyncIteration):
        await anext(events)


async def test_aclose_before_the_first_event_was_taken(
    gateway: Gateway, client: GatewayClient
) -> None:
    gateway.play([*stream("One", whole=False), Hang()])
    events = await client.open_stream(REQUEST)
    await events.aclose()
    await until(lambda: gateway.cancelled)
    with pytest.raises(StopAsyncIteration):
        await anext(events)


async def test_aclose_cancels_a_call_whose_events_pile_up(
    gateway: Gateway, client: GatewayClient
) -> None:
    gateway.play([*stream(*["x" * 2**20] * 20, whole=False), Hang()])
    events = await client.open_stream(REQUEST)
    await events.aclose()
    await until(lambda: gateway.cancelled)


async def test_aclose_from_elsewhere_does_not_look_like_a_good_end(
    gateway: Gateway, client: GatewayClient
) -> None:
    gateway.play([*stream("One", whole=False), Hang()])
    events = await client.open_stream(REQUEST)
    reader = asyncio.create_task(read_all(events))
    await until(lambda: len(gateway.requests) == 1)
    await asyncio.sleep(0)
    await events.aclose()
    with pytest.raises(StreamInterruptedError, match="closed while it was read"):
        await reader
    assert [one async for one in events] == []


async def read_all(events: EventStream) -> int:
    return len([one async for one in events])


async def test_an_exception_cancels_the_call(gateway: Gateway, client: GatewayClient) -> None:
    gateway.play([*stream("One", whole=False), Hang()])

    async def use() -> None:
        async with await client.open_stream(REQUEST) as events:
            async for _ in events:
                raise KeyError("the application's own")

    with pytest.raises(KeyError):
        await use()
    await until(lambda: gateway.cancelled)


async def test_a_cancelled_task_cancels_the_call(gateway: Gateway, client: GatewayClient) -> None:
    gateway.play([*stream("One", whole=False), Hang()])
    seen: list[str] = []

    async def use() -> None:
        async for chunk in client.stream_text(HELLO):
            seen.append(chunk)  # noqa: PERF401 - kept when the loop is broken

    task = asyncio.create_task(use())
    await until(lambda: seen)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    await until(lambda: gateway.cancelled)


async def test_stream_text_left_early_cancels_the_call(
    gateway: Gateway, client: GatewayClient
) -> None:
    gateway.play([*stream("One", whole=False), Hang()])
    async with aclosing(client.stream_text(HELLO)) as chunks:
        assert await anext(chunks) == "One"
    await until(lambda: gateway.cancelled)


async def test_a_dropped_stream_is_cancelled_by_the_collector(
    gateway: Gateway, client: GatewayClient
) -> None:
    gateway.play([*stream("One", whole=False), Hang()])
    events = await client.open_stream(REQUEST)
    await read_one(events)
    del events
    gc.collect()
    await until(lambda: gateway.cancelled)


async def test_what_came_before_an_error_is_delivered(
    gateway: Gateway, client: GatewayClient
) -> None:
    steps: list[Step] = [*stream(*"abcdefgh", whole=False), Failure(grpc.StatusCode.UNAVAILABLE)]
    gateway.play(steps)
    seen: list[str] = []

    async def read(events: EventStream) -> None:
        async for one in events:
            seen.append(one.deltas[0].text)  # noqa: PERF401 - kept when the loop is broken

    events = await client.open_stream(REQUEST)
    await until(lambda: gateway.failed)
    with pytest.raises(StreamInterruptedError):
        await read(events)
    assert seen == list("abcdefgh")


def test_a_finish_reason_of_a_newer_contract_is_other() -> None:
    assert finish_reason_name(cast("Any", 99)) == "other"
