"""However a gateway is stopped, no caller holds it up, and each learns how its call ended."""

from __future__ import annotations

import asyncio
import signal
from typing import Any

import grpc
import pytest
from google.rpc import error_details_pb2

from llmrpc import v1 as pb
from tests.hostile.conftest import Attack
from tests.hostile.http2 import Caller
from tests.hostile.victim import Victim
from tests.running import until
from tests.server.wire import ask, detail, failure, reason, trailer
from tests.upstream import Exchange, Upstream, chat_event

MODEL = "openai/gpt-4o-mini"
SILENT = (
    "/llmrpc.v1.LLMService/Generate",
    "/llmrpc.v1.LLMService/StreamText",
    "/llmrpc.v1.LLMService/BatchGenerate",
    "/grpc.health.v1.Health/Watch",
    "/grpc.reflection.v1.ServerReflection/ServerReflectionInfo",
)


async def begins(exchange: Exchange) -> None:
    """Answers a little of a stream, and nothing to anything else."""
    if exchange.json.get("stream"):
        await exchange.start_stream()
        await exchange.chunk(chat_event(content="Hello"))
    await exchange.closed.wait()


async def running_calls(victim: Victim, upstream: Upstream) -> list[asyncio.Future[Any]]:
    """A stream after its first delta, a whole answer that is waited for, and a batch."""
    upstream.script(begins)
    stub = victim.stub()
    stream = stub.StreamText(ask(MODEL))
    await stream.read()
    batch = stub.BatchGenerate()
    await batch.write(pb.BatchItem(id="one", generate=ask(MODEL)))
    reading = [failure(stream.read()), failure(stub.Generate(ask(MODEL))), failure(batch.read())]
    calls: list[asyncio.Future[Any]] = [asyncio.ensure_future(each) for each in reading]
    await until(lambda: len(upstream.exchanges) == 3)
    return calls


async def has_typed_ends(calls: list[asyncio.Future[Any]]) -> None:
    for call in calls:
        error = await call
        assert error.code() is grpc.StatusCode.UNAVAILABLE
        assert reason(error) == "GATEWAY_OVERLOADED"
        assert trailer(error, "grpc-retry-pushback-ms") == "1000"
        assert detail(error, error_details_pb2.RetryInfo).retry_delay.seconds == 1
    used = detail(await calls[0], pb.ErrorDetails)
    assert used.usage.output_tokens
    assert used.usage.estimated
    assert used.attempts[0].provider == "openai"


async def test_the_grace_ends_with_a_status(victim: Attack, upstream: Upstream) -> None:
    running = await victim(listen={"grace": 1.0})
    calls = await running_calls(running, upstream)
    running.process.process.send_signal(signal.SIGTERM)
    await has_typed_ends(calls)
    assert await running.process.ended() == 0
    assert [line["status"] for line in running.lines()] == ["UNAVAILABLE"] * 3


async def test_a_second_signal_ends_with_a_status(victim: Attack, upstream: Upstream) -> None:
    running = await victim(listen={"grace": 60.0})
    calls = await running_calls(running, upstream)
    running.process.process.send_signal(signal.SIGTERM)
    await until(lambda: "stopping" in running.process.stderr)
    running.process.process.send_signal(signal.SIGTERM)
    await has_typed_ends(calls)
    assert await running.process.ended() == 0


async def test_a_hangup_is_a_drain(victim: Attack, upstream: Upstream) -> None:
    go_on = asyncio.Event()

    async def waits(exchange: Exchange) -> None:
        await go_on.wait()
        await exchange.stream([chat_event(content="Hello"), "data: [DONE]\n\n"])

    upstream.script(waits)
    running = await victim(listen={"grace": 60.0})
    stream = running.stub().StreamText(ask(MODEL))
    reading = asyncio.ensure_future(stream.read())
    await until(lambda: upstream.exchanges)
    running.process.process.send_signal(signal.SIGHUP)
    await until(lambda: "stopping" in running.process.stderr)
    go_on.set()
    assert (await reading).deltas[0].text == "Hello"
    assert await running.process.ended() == 0


@pytest.mark.parametrize("mute", [False, True])
async def test_who_says_nothing_holds_nobody_up(victim: Attack, *, mute: bool) -> None:
    running = await victim(listen={"grace": 100.0})
    async with await Caller.connect(running.address) as caller:
        caller.mute = mute
        streams = [caller.begin(method) for method in SILENT]
        await running.stub().ListModels(pb.ListModelsRequest())  # so these have begun too
        assert await running.process.terminate() == 0  # which waits for less than the grace
        assert caller.ended.issuperset(streams)
