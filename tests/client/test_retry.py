"""What is tried again: UNAVAILABLE, before anything came, unless told not to."""

from __future__ import annotations

import asyncio
from contextlib import suppress

import grpc
import pytest

from llmrpc import GatewayClient, LLMClientError, LLMMessage, ProviderNotAvailableError
from llmrpc import v1 as pb
from tests.client.gateway import Failure, Gateway, info, response, serve, stream
from tests.conftest import kept_port
from tests.running import LIMIT

HELLO = [LLMMessage("user", "Hello")]
Code = grpc.StatusCode
DOWN = Failure(Code.UNAVAILABLE)


async def test_unavailable_is_tried_four_times(gateway: Gateway, client: GatewayClient) -> None:
    gateway.play([DOWN])
    with pytest.raises(LLMClientError):
        await client.generate_text(HELLO)
    assert len(gateway.requests) == 4


async def test_a_later_try_may_answer(gateway: Gateway, client: GatewayClient) -> None:
    gateway.play([DOWN], [DOWN], [response("Hi")])
    assert (await client.generate_text(HELLO)).content == "Hi"
    assert len(gateway.requests) == 3
    assert [seen.get("grpc-previous-rpc-attempts") for seen in gateway.metadata] == [None, "1", "2"]


async def test_a_stream_is_tried_until_its_first_event(
    gateway: Gateway, client: GatewayClient
) -> None:
    gateway.play([DOWN], stream("Hi"))
    assert [chunk async for chunk in client.stream_text(HELLO)] == ["Hi"]
    gateway.play([*stream("Hi", whole=False), DOWN])
    with pytest.raises(LLMClientError):
        assert [chunk async for chunk in client.stream_text(HELLO)]
    assert len(gateway.requests) == 3


async def test_pushback_of_minus_one_ends_it(gateway: Gateway, client: GatewayClient) -> None:
    spent = Failure(
        Code.UNAVAILABLE,
        details=[info("PROVIDER_UNAVAILABLE")],
        trailing=[("grpc-retry-pushback-ms", "-1")],
    )
    gateway.play([spent])
    with pytest.raises(LLMClientError):
        await client.generate_text(HELLO)
    assert len(gateway.requests) == 1


@pytest.mark.parametrize("code", [Code.INTERNAL, Code.RESOURCE_EXHAUSTED, Code.DEADLINE_EXCEEDED])
async def test_nothing_else_is_tried_again(
    gateway: Gateway, client: GatewayClient, code: grpc.StatusCode
) -> None:
    gateway.play([Failure(code)])
    with pytest.raises(LLMClientError):
        await client.generate_text(HELLO)
    assert len(gateway.requests) == 1


async def test_a_large_request_is_tried_again_too(gateway: Gateway, client: GatewayClient) -> None:
    gateway.play([DOWN], [response("Hi")])
    image = pb.Part(image=pb.Image(data=b"x" * 2**20, media_type="image/png"))
    await client.generate_text([LLMMessage("user", parts=[image])])
    assert len(gateway.requests) == 2


async def test_a_gateway_that_comes_back_is_found() -> None:
    again = Gateway([[response("Hi")]])
    with kept_port() as port:
        async with serve(Gateway([[response("Hi")]]), port=port) as first:
            client = GatewayClient(first.target)
            await client.generate_text(HELLO)
        with pytest.raises(LLMClientError):
            await client.generate_text(HELLO)
        async with serve(again, port=port), client, asyncio.timeout(LIMIT):
            answer = None
            while answer is None:  # it may still wait before it connects again
                with suppress(ProviderNotAvailableError):
                    answer = await client.generate_text(HELLO)
    assert answer.content == "Hi"
    assert len(again.requests) == 1
