"""Callbacks: one start, then one end or one error, and no harm done."""

from __future__ import annotations

import asyncio
import logging
from contextlib import aclosing

import grpc
import pytest

from llmrpc import (
    BudgetExceededError,
    Call,
    GatewayClient,
    LLMCallback,
    LLMClientError,
    ModelNotFoundError,
)
from llmrpc import v1 as pb
from tests.client.gateway import Failure, Gateway, Hang, response, stream, until
from tests.client.priced import HELLO, ask

NOT_FOUND = Failure(grpc.StatusCode.NOT_FOUND)


class Recorder(LLMCallback):
    def __init__(self) -> None:
        self.seen: list[tuple[str, object]] = []
        self.ids: set[str] = set()

    async def on_llm_start(self, call: Call, request: pb.GenerateRequest) -> None:
        self._note(call, "start", request.messages[0].content)

    async def on_llm_end(
        self, call: Call, request: pb.GenerateRequest, response: pb.LLMResponse, duration: float
    ) -> None:
        assert 0 < duration < 10
        self._note(call, "end", response.content)

    async def on_llm_error(
        self, call: Call, request: pb.GenerateRequest, error: BaseException, duration: float
    ) -> None:
        assert 0 < duration < 10
        self._note(call, "error", type(error))

    def _note(self, call: Call, what: str, value: object) -> None:
        self.ids.add(call.request_id)
        self.seen.append((what, value))


class Broken(LLMCallback):
    async def on_llm_start(self, call: Call, request: pb.GenerateRequest) -> None:
        raise ZeroDivisionError

    async def on_llm_end(
        self, call: Call, request: pb.GenerateRequest, response: pb.LLMResponse, duration: float
    ) -> None:
        raise ZeroDivisionError

    async def on_llm_error(
        self, call: Call, request: pb.GenerateRequest, error: BaseException, duration: float
    ) -> None:
        raise ZeroDivisionError


async def test_a_good_call(gateway: Gateway, client: GatewayClient) -> None:
    recorder = Recorder()
    gateway.play([response("Hi")])
    await client.with_callbacks(recorder).generate_text(HELLO)
    assert recorder.seen == [("start", "Hello"), ("end", "Hi")]
    assert recorder.ids == {gateway.metadata[0]["x-request-id"]}


async def test_a_good_stream(gateway: Gateway, client: GatewayClient) -> None:
    recorder = Recorder()
    gateway.play(stream("One", " two"))
    chunks = [chunk async for chunk in client.with_callbacks(recorder).stream_text(HELLO)]
    assert chunks == ["One", " two"]
    assert recorder.seen == [("start", "Hello"), ("end", "One two")]


async def test_a_call_that_fails(gateway: Gateway, client: GatewayClient) -> None:
    recorder = Recorder()
    gateway.play([NOT_FOUND])
    watched = client.with_callbacks(recorder)
    with pytest.raises(ModelNotFoundError):
        await watched.generate_text(HELLO)
    with pytest.raises(ModelNotFoundError):
        await anext(watched.stream_text(HELLO))
    assert recorder.seen == [("start", "Hello"), ("error", ModelNotFoundError)] * 2


async def test_a_stream_that_breaks(gateway: Gateway, client: GatewayClient) -> None:
    recorder = Recorder()
    gateway.play([*stream("One", whole=False), NOT_FOUND])
    async with aclosing(client.with_callbacks(recorder).stream_text(HELLO)) as chunks:
        await anext(chunks)
        with pytest.raises(ModelNotFoundError):
            await anext(chunks)
    assert recorder.seen == [("start", "Hello"), ("error", ModelNotFoundError)]


async def test_nothing_is_told_behind_the_end(gateway: Gateway, client: GatewayClient) -> None:
    recorder = Recorder()
    gateway.play([*stream("One"), NOT_FOUND])
    async with aclosing(client.with_callbacks(recorder).stream_text(HELLO)) as chunks:
        await anext(chunks)
        with pytest.raises(ModelNotFoundError):
            await anext(chunks)
    assert recorder.seen == [("start", "Hello"), ("end", "One")]


async def test_a_stream_that_is_left(gateway: Gateway, client: GatewayClient) -> None:
    recorder = Recorder()
    gateway.play([*stream("One", whole=False), Hang()])
    async with aclosing(client.with_callbacks(recorder).stream_text(HELLO)) as chunks:
        await anext(chunks)
    assert recorder.seen == [("start", "Hello"), ("error", asyncio.CancelledError)]
    await until(lambda: gateway.cancelled)


@pytest.mark.parametrize("streamed", [False, True])
async def test_a_cancelled_call(gateway: Gateway, client: GatewayClient, streamed: bool) -> None:
    recorder = Recorder()
    gateway.play([Hang()])
    watched = client.with_callbacks(recorder)
    request = pb.GenerateRequest(messages=[HELLO[0].to_proto()])
    work = watched.open_stream(request) if streamed else watched.generate(request)
    task = asyncio.ensure_future(work)
    await until(lambda: gateway.requests)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert recorder.seen == [("start", "Hello"), ("error", asyncio.CancelledError)]


async def test_a_callback_that_raises_harms_nothing(
    gateway: Gateway, client: GatewayClient, caplog: pytest.LogCaptureFixture
) -> None:
    recorder = Recorder()
    watched = client.with_callbacks(Broken(), recorder)
    gateway.play([response("Hi")], stream("One"), [NOT_FOUND])
    with caplog.at_level(logging.ERROR, "llmrpc.gateway"):
        assert (await watched.generate_text(HELLO)).content == "Hi"
        assert [chunk async for chunk in watched.stream_text(HELLO)] == ["One"]
        with pytest.raises(LLMClientError):
            await watched.generate_text(HELLO)
    assert [what for what, _ in recorder.seen] == ["start", "end", "start", "end", "start", "error"]
    assert len([r for r in caplog.records if "callback Broken failed" in r.message]) == 6
    assert "Hello" not in caplog.text


class Guard(LLMCallback):
    async def before_llm_send(self, call: Call, request: pb.GenerateRequest) -> None:
        raise BudgetExceededError("no money for this")


@pytest.mark.parametrize("streamed", [False, True])
async def test_a_callback_refuses_a_call(
    gateway: Gateway, client: GatewayClient, streamed: bool
) -> None:
    first, last = Recorder(), Recorder()
    watched = client.with_callbacks(first, Guard(), last)
    with pytest.raises(BudgetExceededError, match="no money for this"):
        await ask(watched, streamed=streamed)
    assert first.seen == last.seen == [("start", "Hello"), ("error", BudgetExceededError)]
    assert not gateway.requests


class Slow(LLMCallback):
    """Takes its time at the start or at the end."""

    def __init__(self, at: str) -> None:
        self.at = at
        self.waits = asyncio.Event()

    async def on_llm_start(self, call: Call, request: pb.GenerateRequest) -> None:
        await self._wait("start")

    async def on_llm_end(
        self, call: Call, request: pb.GenerateRequest, response: pb.LLMResponse, duration: float
    ) -> None:
        await self._wait("end")

    async def _wait(self, at: str) -> None:
        if at == self.at:
            self.waits.set()
            await asyncio.Event().wait()


@pytest.mark.parametrize(
    ("at", "end"), [("start", ("error", asyncio.CancelledError)), ("end", ("end", "Hi"))]
)
async def test_all_are_told_where_the_call_is_cancelled_meanwhile(
    gateway: Gateway, client: GatewayClient, at: str, end: tuple[str, object]
) -> None:
    slow, recorder = Slow(at), Recorder()
    gateway.play([response("Hi")])
    task = asyncio.ensure_future(client.with_callbacks(slow, recorder).generate_text(HELLO))
    await slow.waits.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert recorder.seen == [("start", "Hello"), end]
