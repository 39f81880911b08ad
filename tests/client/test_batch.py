"""`GatewayClient.batch`: results as they finish, backpressure, and every way to end."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Iterator
from contextlib import aclosing

import grpc
import pytest

from llmrpc import (
    Call,
    GatewayClient,
    LLMClientError,
    ModelNotFoundError,
    ProviderNotAvailableError,
    StreamInterruptedError,
    error_from_status,
)
from llmrpc import v1 as pb
from tests.client.batches import Items, Results, hang, item, status
from tests.client.gateway import Context, Failure, Gateway, answered, fail, info, until


async def test_results_come_as_they_finish(gateway: Gateway, client: GatewayClient) -> None:
    async def backwards(items: Items, context: Context) -> Results:
        for one in reversed([one async for one in items]):
            yield answered(one)

    gateway.batch = backwards
    call = Call("r-7")
    results = [one async for one in client.batch([item("a", "One"), item("b", "Two")], call)]
    assert [(one.id, one.response.content) for one in results] == [("b", "Two"), ("a", "One")]
    assert gateway.metadata[0]["x-request-id"] == "r-7"


async def test_no_items_no_results(client: GatewayClient) -> None:
    assert [one async for one in client.batch([])] == []


async def test_an_answer_comes_before_the_next_item(client: GatewayClient) -> None:
    """Whoever makes an item from the answer before must not wait for ever."""
    answers = asyncio.Queue[str]()

    async def chain() -> Items:
        yield item("1", "One")
        yield item("2", f"{await answers.get()}!")

    said = []
    async for result in client.batch(chain()):
        said.append(result.response.content)
        answers.put_nowait(result.response.content)
    assert said == ["One", "One!"]


async def test_a_large_iterable_is_pulled_as_grpc_takes_it(
    gateway: Gateway, client: GatewayClient
) -> None:
    pulled = lead = 0

    def large() -> Iterator[pb.BatchItem]:
        nonlocal pulled
        for number in range(300):
            pulled += 1
            yield item(str(number), "x" * 2**18)

    async def slowly(items: Items, context: Context) -> Results:
        nonlocal lead
        read = 0
        async for one in items:
            read += 1
            await asyncio.sleep(0.002)
            lead = max(lead, pulled - read)
            yield pb.BatchResult(id=one.id, response=pb.LLMResponse())

    gateway.batch = slowly
    results = [one.id async for one in client.batch(large())]
    assert results == [str(number) for number in range(300)]
    assert lead < 100


async def test_leaving_early_cancels_the_call_and_stops_the_pulling(
    gateway: Gateway, client: GatewayClient
) -> None:
    pulled = 0
    closed = asyncio.Event()

    async def endless() -> AsyncGenerator[pb.BatchItem, None]:
        nonlocal pulled
        try:
            while True:
                pulled += 1
                yield item(str(pulled), "x" * 2**16)
                await asyncio.sleep(0)
        finally:
            closed.set()

    gateway.batch = hang
    async with aclosing(endless()) as items:
        async with aclosing(client.batch(items)) as results:
            await anext(results)
        after = pulled
        await until(lambda: gateway.cancelled)
        assert pulled == after


async def test_leaving_when_all_is_sent_cancels_the_call(
    gateway: Gateway, client: GatewayClient
) -> None:
    async def all_but_one(items: Items, context: Context) -> Results:
        *most, _ = [one async for one in items]
        for one in most:
            yield answered(one)
        await asyncio.Event().wait()

    gateway.batch = all_but_one
    results = client.batch([item("a"), item("b")])
    await anext(results)
    await results.aclose()
    await until(lambda: gateway.cancelled)


async def test_a_cancelled_task_cancels_the_batch(gateway: Gateway, client: GatewayClient) -> None:
    gateway.batch = hang
    results = client.batch([item("a"), item("b")])
    await anext(results)
    waiting = asyncio.create_task(anext(results))
    await asyncio.sleep(0)
    waiting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await waiting
    await until(lambda: gateway.cancelled)


@pytest.mark.parametrize("kind", ["sync", "async"])
async def test_what_the_iterable_raises_reaches_the_caller(
    gateway: Gateway, client: GatewayClient, kind: str
) -> None:
    def broken() -> Iterator[pb.BatchItem]:
        yield item("a")
        raise ZeroDivisionError("mine")

    async def broken_async() -> Items:
        for one in broken():
            yield one

    gateway.batch = hang
    with pytest.raises(ZeroDivisionError, match="mine"):
        async for _ in client.batch(broken() if kind == "sync" else broken_async()):
            pass


async def test_what_is_no_item_is_refused_by_its_type(client: GatewayClient) -> None:
    with pytest.raises(TypeError, match="GenerateRequest; give BatchItem"):
        await anext(client.batch([pb.GenerateRequest()]))  # type: ignore[list-item]


async def test_one_that_fails_spoils_no_other(gateway: Gateway, client: GatewayClient) -> None:
    async def second_fails(items: Items, context: Context) -> Results:
        async for one in items:
            failed = pb.BatchResult(id=one.id, status=status("MODEL_NOT_FOUND"))
            yield failed if one.id == "b" else answered(one)

    gateway.batch = second_fails
    results = [one async for one in client.batch([item("a"), item("b"), item("c")])]
    assert [one.WhichOneof("outcome") for one in results] == ["response", "status", "response"]
    error = error_from_status(results[1].status)
    assert isinstance(error, ModelNotFoundError)
    assert str(error) == "no such model"


async def test_what_ends_the_whole_batch_is_typed(gateway: Gateway, client: GatewayClient) -> None:
    async def refused(items: Items, context: Context) -> Results:
        yield answered(await anext(items))
        details = [info("GATEWAY_OVERLOADED")]
        await fail(context, Failure(grpc.StatusCode.UNAVAILABLE, "full", details))

    gateway.batch = refused
    with pytest.raises(ProviderNotAvailableError, match="full"):
        async for _ in client.batch([item("a"), item("b")]):
            pass


async def test_an_end_while_items_are_sent_keeps_results_and_status(
    gateway: Gateway, client: GatewayClient
) -> None:
    async def full(items: Items, context: Context) -> Results:
        yield answered(await anext(items))
        await fail(context, Failure(grpc.StatusCode.UNAVAILABLE, "full"))

    gateway.batch = full
    for _ in range(30):  # grpc's own way to send fails about every second time
        results = client.batch(item(str(number), "x" * 5000) for number in range(40))
        assert (await anext(results)).id == "0"
        with pytest.raises(StreamInterruptedError, match="full"):
            await anext(results)


async def test_an_end_before_its_time_is_no_good_end(
    gateway: Gateway, client: GatewayClient
) -> None:
    async def lazy(items: Items, context: Context) -> Results:
        first = await anext(items)
        async for _ in items:
            pass
        yield answered(first)

    gateway.batch = lazy
    with pytest.raises(StreamInterruptedError, match="1 results for 2 items"):
        async for _ in client.batch([item("a"), item("b")]):
            pass


async def test_closing_the_client_ends_a_batch_with_a_typed_error(gateway: Gateway) -> None:
    gateway.batch = hang
    client = GatewayClient(gateway.target)
    results = client.batch([item("a"), item("b")])
    await anext(results)
    await client.close()
    with pytest.raises(LLMClientError, match="closed"):
        await anext(results)
