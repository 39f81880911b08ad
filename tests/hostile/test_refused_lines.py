"""A call that no handler ever had is logged like any other, with where it came from."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import grpc
import pytest

from llmrpc import v1 as pb
from tests.gateway.conftest import ask
from tests.hostile.conftest import Attack
from tests.hostile.http2 import Caller, framed
from tests.hostile.victim import Victim
from tests.running import until
from tests.server.wire import failure, reason

BOUND = 100_000
SERVICE = "/llmrpc.v1.LLMService/"


async def one_line(victim: Victim) -> dict[str, Any]:
    await until(victim.lines)
    (line,) = victim.lines()
    assert line["peer"].startswith("ipv4:127.0.0.1:")
    assert line["request_id"]
    return line


@pytest.mark.parametrize("method", ["Generate", "StreamText", "BatchGenerate", "CountTokens"])
async def test_a_message_over_the_bound(victim: Attack, method: str) -> None:
    running = await victim(listen={"max_message_bytes": BOUND})
    data = ask("x" * BOUND).SerializeToString()
    call: Any = running.channel().stream_stream(f"{SERVICE}{method}")()
    await call.write(data)
    error = await failure(call.read())
    assert error.code() is grpc.StatusCode.RESOURCE_EXHAUSTED
    line = await one_line(running)
    assert line["status"] == "RESOURCE_EXHAUSTED"
    assert line["method"] == f"{SERVICE}{method}".strip("/")


async def test_a_message_whose_length_alone_is_over_the_bound(victim: Attack) -> None:
    running = await victim(listen={"max_message_bytes": BOUND})
    async with await Caller.connect(running.address) as caller:
        stream = caller.begin()
        await caller.send(stream, framed(b"x" * 2 * BOUND)[:50])
        await until(lambda: stream in caller.ended)
    assert (await one_line(running))["status"] == "RESOURCE_EXHAUSTED"


@pytest.mark.parametrize("path", ["/llmrpc.v1.LLMService/Nothing", "/no.such.Service/At", "/x"])
async def test_an_unknown_method(victim: Attack, path: str) -> None:
    running = await victim()
    call: Any = running.channel().unary_unary(path)
    error = await failure(call(b"anything"))
    assert error.code() is grpc.StatusCode.UNIMPLEMENTED
    assert reason(error) == "METHOD_NOT_IMPLEMENTED"
    line = await one_line(running)
    assert line["status"] == "UNIMPLEMENTED"
    assert line["method"] == path.strip("/")


async def test_the_name_of_an_unknown_method_is_cut(victim: Attack) -> None:
    running = await victim()
    call: Any = running.channel().unary_unary(f"/{'x' * 5000}/y")
    assert (await failure(call(b""))).code() is grpc.StatusCode.UNIMPLEMENTED
    assert len((await one_line(running))["method"]) == 256


async def test_a_call_that_ends_without_a_request(victim: Attack) -> None:
    running = await victim()
    async with await Caller.connect(running.address) as caller:
        await caller.send(caller.begin(), b"", end=True)
        assert (await one_line(running))["status"] == "CANCELLED"
    assert await running.process.terminate() == 0


async def test_a_call_that_is_taken_back_before_its_request(victim: Attack) -> None:
    running = await victim()
    async with await Caller.connect(running.address) as caller:
        caller.reset(caller.begin())
        assert (await one_line(running))["status"] == "CANCELLED"
    assert await running.stub().ListModels(pb.ListModelsRequest())


async def test_an_item_of_a_batch(victim: Attack) -> None:
    running = await victim()

    async def items() -> AsyncIterator[pb.BatchItem]:
        yield pb.BatchItem(id="a", generate=ask(temperature=9))

    results = [result async for result in running.stub().BatchGenerate(items())]
    assert results[0].status.code == grpc.StatusCode.INVALID_ARGUMENT.value[0]
    await until(lambda: running.lines("item"))
    (line,) = running.lines("item")
    assert line["peer"].startswith("ipv4:127.0.0.1:")
