"""The blocking twin: several threads, early exits, typed errors, a clean end."""

from __future__ import annotations

import asyncio
import subprocess
import sys
import threading
from collections.abc import AsyncGenerator, Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from typing import TypeVar

import grpc
import pytest

from llmrpc import (
    BaseLLMClient,
    BlockingClient,
    GatewayClient,
    LLMClientError,
    LLMMessage,
    LLMResponse,
    ModelNotFoundError,
)
from llmrpc import v1 as pb
from tests.client.gateway import Failure, Gateway, Hang, response, stream, until

HELLO = [LLMMessage("user", "Hello")]
T = TypeVar("T")


async def in_thread(gateway: Gateway, work: Callable[[BlockingClient], T]) -> T:
    """Runs blocking work beside the loop that the gateway runs in."""

    def run() -> T:
        with GatewayClient(gateway.target).blocking() as client:
            return work(client)

    return await asyncio.to_thread(run)


async def test_the_four_ways(gateway: Gateway) -> None:
    gateway.play([response("Hi")], [response("Hi")], stream("One", " two"), stream("One"))

    def work(client: BlockingClient) -> None:
        assert client.generate_text(HELLO, model="m").content == "Hi"
        assert client.generate(pb.GenerateRequest()).content == "Hi"
        assert list(client.stream_text(HELLO)) == ["One", " two"]
        assert [event.sequence for event in client.stream(pb.GenerateRequest())] == [1, 2]

    await in_thread(gateway, work)
    assert gateway.requests[0].model == "m"


async def test_errors_are_typed(gateway: Gateway) -> None:
    gateway.play([Failure(grpc.StatusCode.NOT_FOUND)])

    def work(client: BlockingClient) -> None:
        with pytest.raises(ModelNotFoundError):
            client.generate_text(HELLO)
        with pytest.raises(ModelNotFoundError):
            list(client.stream_text(HELLO))
        with pytest.raises(TypeError, match="known are"):
            client.generate_text(HELLO, temprature=1)

    await in_thread(gateway, work)


async def test_a_stream_left_early_is_cancelled(gateway: Gateway) -> None:
    gateway.play([*stream("One", whole=False), Hang()])
    cancelled = threading.Event()

    def work(client: BlockingClient) -> None:
        for chunk in client.stream_text(HELLO):
            assert chunk == "One"
            break
        with closing(client.stream(pb.GenerateRequest())) as events:
            next(events)
        assert cancelled.wait(10)

    task = asyncio.create_task(in_thread(gateway, work))
    await until(lambda: gateway.cancelled == 2)
    cancelled.set()
    await task


async def test_many_threads_share_one_client(gateway: Gateway) -> None:
    gateway.play(stream("One", " two"))

    def work(client: BlockingClient) -> None:
        with ThreadPoolExecutor(8) as pool:
            answers = list(pool.map(lambda _: "".join(client.stream_text(HELLO)), range(40)))
        assert answers == ["One two"] * 40

    await in_thread(gateway, work)
    assert len(gateway.requests) == 40


async def test_close_ends_what_other_threads_wait_for(gateway: Gateway) -> None:
    gateway.play([Hang()])
    client = GatewayClient(gateway.target).blocking()
    waiting = asyncio.create_task(asyncio.to_thread(client.generate_text, HELLO))
    await until(lambda: gateway.requests)
    await asyncio.to_thread(client.close)
    await asyncio.to_thread(client.close)
    with pytest.raises(LLMClientError, match="closed"):
        await waiting
    with pytest.raises(RuntimeError, match="closed"):
        client.generate_text(HELLO)
    with pytest.raises(RuntimeError, match="closed"):
        list(client.stream_text(HELLO))
    await until(lambda: gateway.cancelled)


class Slow(BaseLLMClient):
    """Never answers, and keeps hold of its streams."""

    def __init__(self) -> None:
        super().__init__("slow")
        self.called = threading.Event()
        self.left = threading.Event()
        self.streams: list[AsyncGenerator[str, None]] = []

    async def generate_text(self, *args: object, **kwargs: object) -> LLMResponse:
        self.called.set()
        await asyncio.Event().wait()
        raise AssertionError("nobody sets it")

    def stream_text(self, *args: object, **kwargs: object) -> AsyncGenerator[str, None]:
        self.streams.append(self._chunks())
        return self.streams[-1]

    async def _chunks(self) -> AsyncGenerator[str, None]:
        try:
            yield "One"
            await asyncio.Event().wait()
        finally:
            self.left.set()


def test_leaving_does_not_wait_for_the_collector() -> None:
    slow = Slow()
    with BlockingClient(slow) as client:
        for _ in client.stream_text(HELLO):
            break
        assert slow.left.wait(10)


def test_close_ends_what_the_client_itself_does_not() -> None:
    slow = Slow()
    client = BlockingClient(slow)
    with ThreadPoolExecutor(1) as pool:
        waiting = pool.submit(client.generate_text, HELLO)
        assert slow.called.wait(10)
        client.close()
        with pytest.raises(LLMClientError, match="closed"):
            waiting.result(10)


async def test_a_call_from_inside_its_own_loop_is_refused() -> None:
    client = BlockingClient(GatewayClient("127.0.0.1:1"))

    class Nested(GatewayClient):
        async def close(self) -> None:
            client.generate_text(HELLO)

    client._client = Nested("127.0.0.1:1")
    with pytest.raises(RuntimeError, match="own loop"):
        client.close()


async def test_a_program_that_closes_nothing_ends(gateway: Gateway) -> None:
    gateway.play([*stream("One", whole=False), Hang()])
    program = (
        "import sys\n"
        "from llmrpc import GatewayClient, LLMMessage\n"
        "client = GatewayClient(sys.argv[1]).blocking()\n"
        "chunks = client.stream_text([LLMMessage('user', 'Hello')])\n"
        "print(next(chunks))\n"
    )
    done = await asyncio.to_thread(
        subprocess.run,
        [sys.executable, "-c", program, gateway.target],
        capture_output=True,
        text=True,
        timeout=20,
        check=False,
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "One\n", "")
    await until(lambda: gateway.cancelled)
