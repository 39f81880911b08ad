"""A batch: bounded both ways, results as they finish, and an end that stops everything."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import grpc
import pytest

from llmrpc import v1 as pb
from tests.gateway.batches import contents, item, run
from tests.gateway.conftest import Gateway, Start
from tests.gateway.failures import failure_of
from tests.gateway.handlers import error, good
from tests.running import until
from tests.upstream import Exchange, Upstream, chat_answer

LARGE = "x" * 500_000


class Crowd:
    """Answers when it is told to, and knows how many wait at a time."""

    def __init__(self) -> None:
        self.waiting = 0
        self.most = 0
        self.go = asyncio.Event()

    async def __call__(self, exchange: Exchange) -> None:
        self.waiting += 1
        self.most = max(self.most, self.waiting)
        going, left = (asyncio.ensure_future(each.wait()) for each in (self.go, exchange.closed))
        await asyncio.wait({going, left}, return_when=asyncio.FIRST_COMPLETED)
        going.cancel()
        left.cancel()
        self.waiting -= 1
        if not exchange.closed.is_set():
            await good(exchange)


@pytest.fixture
def crowd(upstream: Upstream) -> Crowd:
    crowd = Crowd()
    upstream.script(crowd)
    return crowd


async def test_results_come_as_they_finish(gateway: Gateway, upstream: Upstream) -> None:
    late = asyncio.Event()

    async def answer(exchange: Exchange) -> None:
        text = exchange.json["messages"][0]["content"]
        if text == "slow":
            await late.wait()
        await exchange.answer(200, chat_answer(text))

    upstream.script(answer)
    call = gateway.stub.BatchGenerate([item("a", "slow"), item("b", "fast"), item("c", "fast")])
    first = [await call.read(), await call.read()]
    assert {result.id for result in first} == {"b", "c"}
    late.set()
    assert contents([await call.read()]) == {"a": "slow"}
    assert await call.read() is grpc.aio.EOF
    assert await call.code() is grpc.StatusCode.OK


async def test_an_empty_batch_is_a_good_one(gateway: Gateway) -> None:
    assert await run(gateway.stub, []) == []


async def test_a_caller_may_ask_on_when_it_has_seen_an_answer(
    gateway: Gateway, upstream: Upstream
) -> None:
    upstream.script(good)
    call = gateway.stub.BatchGenerate()
    for name in ("a", "b", "c"):
        await call.write(item(name))
        assert contents([await call.read()]) == {name: "Hello"}
    await call.done_writing()
    assert await call.read() is grpc.aio.EOF


async def test_a_call_has_so_many_items_at_a_time(start: Start, crowd: Crowd) -> None:
    gateway = await start(batch={"concurrency": 3})
    running = asyncio.ensure_future(run(gateway.stub, [item(n) for n in range(9)]))
    await until(lambda: crowd.waiting == 3)
    crowd.go.set()
    assert len(contents(await running)) == 9
    assert crowd.most == 3


async def test_all_calls_have_so_many_items_at_a_time(
    start: Start, upstream: Upstream, crowd: Crowd
) -> None:
    other = {"dialect": "openai", "base_url": upstream.url, "api_keys": ["sk-other-0000"]}
    gateway = await start(batch={"total_concurrency": 3}, providers__other=other)
    models = ["openai/gpt-4o-mini", "other/gpt-4o-mini"]
    running = [
        asyncio.ensure_future(run(gateway.stub, [item(n, model=model) for n in range(6)]))
        for model in models
    ]
    await until(lambda: crowd.waiting == 3)
    crowd.go.set()
    for results in await asyncio.gather(*running):
        assert len(contents(results)) == 6
    assert crowd.most == 3


async def test_items_are_read_when_there_is_room_for_them(start: Start, crowd: Crowd) -> None:
    gateway = await start(batch={"concurrency": 2})
    sent = 0

    async def items() -> AsyncIterator[pb.BatchItem]:
        nonlocal sent
        for number in range(60):
            yield item(number, LARGE)
            sent += 1

    running = asyncio.ensure_future(run(gateway.stub, items()))
    await until(lambda: crowd.waiting == 2)
    before = -1
    while before != sent:  # what gRPC itself buffers is soon full
        before = sent
        await asyncio.sleep(0.2)
    assert sent < 40
    crowd.go.set()
    assert len(contents(await running)) == 60


async def test_a_caller_that_does_not_read_starts_nothing_new(
    start: Start, upstream: Upstream
) -> None:
    gateway = await start(batch={"concurrency": 2})

    async def large(exchange: Exchange) -> None:
        await exchange.answer(200, chat_answer(LARGE))

    upstream.script(large)
    call = gateway.stub.BatchGenerate([item(number) for number in range(60)])
    assert (await anext(aiter(call))).response.content == LARGE
    before = -1
    while before != len(upstream.exchanges):
        before = len(upstream.exchanges)
        await asyncio.sleep(0.2)
    assert before < 40
    rest = [result async for result in call]
    assert len(contents(rest)) == 59


async def test_a_caller_that_reads_nothing_for_long_is_cut(
    start: Start, upstream: Upstream
) -> None:
    gateway = await start(listen__write_timeout=0.3)

    async def hang(exchange: Exchange) -> None:
        await exchange.closed.wait()

    async def large(exchange: Exchange) -> None:
        await exchange.answer(200, chat_answer(LARGE))

    upstream.script(hang, large)
    call = gateway.stub.BatchGenerate([item(number) for number in range(100)])
    await anext(aiter(call))
    await asyncio.wait_for(upstream.exchanges[0].closed.wait(), 20)
    failure = await failure_of(call)
    assert failure.reason == "STREAM_INTERRUPTED"
    assert len(upstream.exchanges) < 100


@pytest.mark.parametrize("timeout", [None, 3.0])
async def test_an_end_closes_every_upstream(
    gateway: Gateway, upstream: Upstream, crowd: Crowd, timeout: float | None
) -> None:
    call = gateway.stub.BatchGenerate([item(n) for n in range(40)], timeout=timeout)
    await until(lambda: crowd.waiting == 4)
    if timeout is None:
        call.cancel()
    else:
        with pytest.raises(grpc.aio.AioRpcError) as caught:
            await call.read()
        assert caught.value.code() is grpc.StatusCode.DEADLINE_EXCEEDED
    await asyncio.wait_for(
        asyncio.gather(*(exchange.closed.wait() for exchange in upstream.exchanges)), 5
    )
    await until(lambda: crowd.waiting == 0)
    crowd.go.set()
    assert len(contents(await run(gateway.stub, [item(n) for n in range(5)]))) == 5
    assert len(upstream.exchanges) == 9


async def test_each_item_has_the_time_of_a_call(start: Start, upstream: Upstream) -> None:
    gateway = await start(timeout=1.0)

    async def answer(exchange: Exchange) -> None:
        if exchange.json["messages"][0]["content"] == "hang":
            await exchange.closed.wait()
        else:
            await good(exchange)

    upstream.script(answer)
    call = gateway.stub.BatchGenerate()
    await call.write(item("a", "hang"))
    late = await call.read()
    assert late.status.code == grpc.StatusCode.DEADLINE_EXCEEDED.value[0]
    await call.write(item("b"))
    assert contents([await call.read()]) == {"b": "Hello"}
    await call.done_writing()
    assert await call.read() is grpc.aio.EOF


async def test_a_batch_has_so_many_items(start: Start, upstream: Upstream) -> None:
    gateway = await start(batch={"max_items": 3})
    upstream.script(good)
    call = gateway.stub.BatchGenerate()
    for number in range(4):
        await call.write(item(number))
    results = [await call.read() for _ in range(3)]
    assert set(contents(results)) == {"0", "1", "2"}
    failure = await failure_of(call.read())
    assert failure.code is grpc.StatusCode.INVALID_ARGUMENT
    assert "at most 3 items" in failure.message
    assert len(upstream.exchanges) == 3


async def test_a_batch_counts_as_one_call(start: Start, crowd: Crowd) -> None:
    gateway = await start(listen__max_calls=1)
    running = asyncio.ensure_future(run(gateway.stub, [item(n) for n in range(4)]))
    await until(lambda: crowd.waiting == 4)
    refused = gateway.stub.BatchGenerate()
    assert (await failure_of(refused.read())).reason == "GATEWAY_OVERLOADED"
    crowd.go.set()
    assert len(contents(await running)) == 4


async def test_an_item_tries_again_as_a_call_does(gateway: Gateway, upstream: Upstream) -> None:
    upstream.script(error(503), good)
    (result,) = await run(gateway.stub, [item("a")])
    assert [attempt.outcome for attempt in result.response.attempts] == [
        pb.Attempt.OUTCOME_FAILED,
        pb.Attempt.OUTCOME_SUCCEEDED,
    ]
