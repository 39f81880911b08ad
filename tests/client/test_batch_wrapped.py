"""Batches through the blocking twin and through callbacks."""

from __future__ import annotations

import asyncio
from contextlib import aclosing, closing

import pytest

from llmrpc import (
    BaseLLMClient,
    BudgetExceededError,
    Call,
    GatewayClient,
    LLMCallback,
    MethodNotImplementedError,
)
from llmrpc import v1 as pb
from tests.client.batches import Items, Results, hang, item, status
from tests.client.gateway import Context, Gateway, answered, response, until


async def test_the_blocking_twin(gateway: Gateway) -> None:
    gateway.batch = hang

    def work() -> None:
        with (
            GatewayClient(gateway.target).blocking() as client,
            closing(client.batch(iter([item("a"), item("b")]))) as results,
        ):
            assert next(results).id == "a"

    await asyncio.to_thread(work)
    await until(lambda: gateway.cancelled)


async def test_the_twin_s_iterable_may_wait_for_another_call(gateway: Gateway) -> None:
    gateway.play([response("One")])

    def work() -> list[str]:
        with GatewayClient(gateway.target).blocking() as client:
            prompts = (client.generate(item("a").generate).content for _ in "ab")
            items = (item(str(n), prompt) for n, prompt in enumerate(prompts))
            return [result.response.content for result in client.batch(items)]

    assert await asyncio.to_thread(work) == ["One", "One"]


class Notes(LLMCallback):
    def __init__(self) -> None:
        self.seen: list[str] = []

    async def on_llm_start(self, call: Call, request: pb.GenerateRequest) -> None:
        self.seen.append(f"start {request.messages[0].content}")

    async def on_llm_end(
        self, call: Call, request: pb.GenerateRequest, response: pb.LLMResponse, duration: float
    ) -> None:
        self.seen.append(f"end {response.content}")

    async def on_llm_error(
        self, call: Call, request: pb.GenerateRequest, error: BaseException, duration: float
    ) -> None:
        self.seen.append(f"{type(error).__name__} {request.messages[0].content}")


async def test_callbacks_are_told_of_each_item(gateway: Gateway, client: GatewayClient) -> None:
    async def two(items: Items, context: Context) -> Results:
        yield answered(await anext(items))
        yield pb.BatchResult(id=(await anext(items)).id, status=status("MODEL_NOT_FOUND"))
        await anext(items)
        await asyncio.Event().wait()

    gateway.batch = two
    notes = Notes()
    asked = [item("a", "One"), item("b", "Two"), item("c", "Three")]
    async with aclosing(client.with_callbacks(notes).batch(asked)) as results:
        assert [(await anext(results)).id for _ in "ab"] == ["a", "b"]
        await until(lambda: len(gateway.items) == 3)
    assert sorted(notes.seen) == [
        "CancelledError Three",
        "ModelNotFoundError Two",
        "end One",
        "start One",
        "start Three",
        "start Two",
    ]


async def test_a_callback_that_refuses_an_item_ends_the_batch_behind_the_answers(
    client: GatewayClient,
) -> None:
    class Two(Notes):
        async def before_llm_send(self, call: Call, request: pb.GenerateRequest) -> None:
            if request.messages[0].content == "Three":
                raise BudgetExceededError("two are enough")

    notes = Two()
    asked = [item(prompt, prompt) for prompt in ("One", "Two", "Three", "Four")]
    with pytest.raises(BudgetExceededError, match="enough"):
        [one async for one in client.with_callbacks(notes).batch(asked)]
    assert {"end One", "end Two"} <= set(notes.seen)
    assert [said for said in notes.seen if said.endswith(("Three", "Four"))] == [
        "start Three",
        "BudgetExceededError Three",
    ]


async def test_a_client_without_batches_says_so() -> None:
    class Plain(BaseLLMClient):
        async def generate_text(self, *args: object, **kwargs: object) -> object:  # type: ignore[override]
            raise NotImplementedError

        def stream_text(self, *args: object, **kwargs: object) -> object:  # type: ignore[override]
            raise NotImplementedError

    with pytest.raises(MethodNotImplementedError, match="plain has no batches"):
        Plain("plain").batch([])
    with pytest.raises(MethodNotImplementedError, match="plain has no health"):
        await Plain("plain").health()
