"""`safe_generate_text` gives a default and keeps the prompt out of the log."""

from __future__ import annotations

import logging

import grpc
import pytest

from llmrpc import GatewayClient, LLMMessage, LLMResponse, safe_generate_text
from tests.client.gateway import Failure, Gateway, info, response

HELLO = [LLMMessage("user", "canary-prompt")]


async def test_an_answer_passes(gateway: Gateway, client: GatewayClient) -> None:
    gateway.play([response("Hi")])
    answer = await safe_generate_text(client, HELLO, "m", 0.5, 7, seed=3)
    assert isinstance(answer, LLMResponse)
    assert answer.content == "Hi"
    sent = gateway.requests[0]
    assert (sent.model, sent.temperature, sent.max_tokens, sent.seed) == ("m", 0.5, 7, 3)


async def test_an_error_gives_the_default(
    gateway: Gateway, client: GatewayClient, caplog: pytest.LogCaptureFixture
) -> None:
    gateway.play(
        [
            Failure(
                grpc.StatusCode.INVALID_ARGUMENT,
                "the provider dislikes 'canary-prompt'",
                [info("PROVIDER_REJECTED_REQUEST")],
                [("x-request-id", "r-3")],
            )
        ]
    )
    with caplog.at_level(logging.WARNING):
        assert await safe_generate_text(client, HELLO) is None
        assert await safe_generate_text(client, HELLO, default="sorry") == "sorry"
    assert "InvalidRequestError reason=PROVIDER_REJECTED_REQUEST request_id=r-3" in caplog.text
    assert "canary" not in caplog.text


async def test_a_mistake_of_the_program_is_raised(client: GatewayClient) -> None:
    with pytest.raises(TypeError, match="temprature"):
        await safe_generate_text(client, HELLO, temprature=1)
