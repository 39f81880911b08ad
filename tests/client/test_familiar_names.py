"""Names and habits that users bring along from classes of their own."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from typing import Any

import grpc
import pytest

from llmrpc import (
    BaseLLMClient,
    CostController,
    GatewayClient,
    LLMMessage,
    LLMMonitor,
    LLMResponse,
    build_conversation,
)
from llmrpc import v1 as pb
from tests.client.gateway import Failure, Gateway, info

MODELS = pb.ListModelsResponse(
    models=[pb.Model(name="a/one", provider="a", id="one", aliases=["fast"])]
)


@pytest.mark.parametrize("name", ["a/one", "one", "fast", "a", "a/", ""])
async def test_a_name_that_can_be_called_is_valid(
    gateway: Gateway, client: GatewayClient, name: str
) -> None:
    gateway.pages = {"": MODELS}
    assert await client.validate_model(name)
    assert not gateway.requests, "nothing was counted: the list says it"


async def test_a_model_that_its_provider_does_not_list_is_not(
    gateway: Gateway, client: GatewayClient
) -> None:
    gateway.pages = {"": MODELS}
    assert not await client.validate_model("a/two")
    assert not gateway.requests


async def test_a_provider_without_a_list_accepts_every_name(
    gateway: Gateway, client: GatewayClient
) -> None:
    gateway.pages = {"": MODELS}
    gateway.count = pb.CountTokensResponse(prompt_tokens=1)
    assert await client.validate_model("vllm/mine")
    assert gateway.requests[0].model == "vllm/mine"


async def test_a_name_that_leads_nowhere_is_not_valid(
    gateway: Gateway, client: GatewayClient
) -> None:
    gateway.pages = {"": MODELS}
    gateway.count = Failure(grpc.StatusCode.NOT_FOUND, details=[info("MODEL_NOT_FOUND")])
    assert not await client.validate_model("nowhere/two")


def test_a_monitor_counts_what_it_is_told() -> None:
    monitor = LLMMonitor()
    monitor.record_request("openai", "gpt", True, 1.0, 30, 0.5)
    monitor.record_request("openai", "gpt", success=True, response_time=3.0)
    monitor.record_request("openai", "gpt", success=False, error="RateLimitError")
    metrics = monitor.get_metrics()
    assert metrics == monitor.snapshot().as_dict()
    total = metrics["total"]
    assert (total["requests"], total["succeeded"], total["failed"]) == (3, 2, 1)
    assert total["success_rate"] == pytest.approx(2 / 3)
    assert (total["tokens_used"], total["cost"], total["unpriced"]) == (30, 0.5, 1)
    assert total["mean_seconds"] == 2.0
    assert total["errors"] == {"RateLimitError": 1}
    assert metrics["running"] == 0
    assert list(metrics["by_model"]) == ["openai/gpt"]


def test_a_controller_counts_what_it_is_told() -> None:
    controller = CostController(1.0)
    assert controller.can_make_request()
    assert controller.can_make_request(1.0)
    assert not controller.can_make_request(1.01)
    controller.record_cost(0.75, "openai/gpt")
    assert controller.daily_spent == controller.spent == 0.75
    assert controller.by_model == {"openai/gpt": 0.75}
    assert controller.can_make_request(0.25)
    assert not controller.can_make_request(0.26)
    controller.record_cost(0.25)
    assert not controller.can_make_request()
    for wrong in (-1, float("nan"), float("inf")):
        with pytest.raises(ValueError, match="at least 0 USD"):
            controller.record_cost(wrong)


def test_a_conversation_alternates() -> None:
    assert build_conversation("Be brief.", ["Hi", "Hello!", "Who are you?"]) == [
        LLMMessage("system", "Be brief."),
        LLMMessage("user", "Hi"),
        LLMMessage("assistant", "Hello!"),
        LLMMessage("user", "Who are you?"),
    ]
    assert build_conversation(None, "Hi") == [LLMMessage("user", "Hi")]


def test_a_response_begins_with_content_provider_and_model() -> None:
    response = LLMResponse("Hello", "openai", "gpt")
    assert (response.content, response.provider, response.model) == ("Hello", "openai", "gpt")


@pytest.mark.parametrize("content", [" ", "\n\t", "\u2003"])
def test_white_space_is_no_content(content: str) -> None:
    with pytest.raises(ValueError, match="white space"):
        LLMMessage("user", content)
    assert LLMMessage("assistant", content).content == content, "a model wrote it"


class Picky(BaseLLMClient):
    """Takes what it names, and has its own ideas of the rest."""

    def __init__(self) -> None:
        super().__init__("picky")
        self.got: list[dict[str, Any]] = []

    async def generate_text(self, messages: Any, model: Any = None, **kwargs: Any) -> LLMResponse:  # type: ignore[override]
        self.got.append(kwargs)
        return LLMResponse("Yes", "picky", str(model))

    async def stream_text(  # type: ignore[override]
        self, messages: Any, model: Any = None, temperature: float = 0.9, **kwargs: Any
    ) -> AsyncGenerator[str, None]:
        self.got.append({"temperature": temperature, **kwargs})
        yield "Yes"


async def test_a_plain_subclass_gets_nothing_that_nobody_asked_for() -> None:
    client = Picky()
    request = pb.GenerateRequest(messages=[pb.LLMMessage(role=pb.ROLE_USER, content="Hi")])
    await client.generate(request)
    async with await client.open_stream(request) as events:
        async for _ in events:
            pass
    assert client.got == [{}, {"temperature": 0.9}]
    request.temperature = 0.0
    await client.generate(request)
    assert client.got[-1] == {"temperature": 0.0}
