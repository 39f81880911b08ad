"""Counting, listing and health, of the client and its blocking twin."""

from __future__ import annotations

import asyncio

import grpc
import pytest
from grpc_health.v1 import health_pb2

from llmrpc import Call, GatewayClient, LLMClientError, ProviderNotAvailableError
from llmrpc import v1 as pb
from tests.client.gateway import Failure, Gateway, info, serve

Status = health_pb2.HealthCheckResponse
HELLO = pb.GenerateRequest(messages=[pb.LLMMessage(role=pb.ROLE_USER, content="Hello")])


def page(*names: str, then: str = "") -> pb.ListModelsResponse:
    return pb.ListModelsResponse(
        models=[pb.Model(name=n, provider=n.partition("/")[0]) for n in names], next_page_token=then
    )


async def test_counting(gateway: Gateway, client: GatewayClient) -> None:
    gateway.count = pb.CountTokensResponse(
        prompt_tokens=7, method=pb.CountTokensResponse.METHOD_PROVIDER
    )
    assert await client.count_tokens(HELLO) == gateway.count
    assert gateway.requests == [HELLO]


async def test_all_pages(gateway: Gateway, client: GatewayClient) -> None:
    gateway.pages = {"": page("a/1", "a/2", then="t"), "t": page(then="u"), "u": page("b/1")}
    models = await client.list_models('provider = "a"')
    assert [model.name for model in models] == ["a/1", "a/2", "b/1"]
    asked = [(one.page_token, one.filter, one.page_size) for one in gateway.page_requests]
    assert asked == [(token, 'provider = "a"', 1000) for token in ("", "t", "u")]


async def test_a_call_is_that_of_every_page(gateway: Gateway, client: GatewayClient) -> None:
    gateway.pages = {"": page("a/1", then="t"), "t": page("a/2")}
    call = Call("r-1", metadata=(("x-team", "a"),))
    await client.list_models(call=call)
    await client.list_models()
    *given, first, second = [seen["x-request-id"] for seen in gateway.metadata]
    assert given == ["r-1", "r-1"]
    assert first != second
    assert [seen.get("x-team") for seen in gateway.metadata] == ["a", "a", None, None]


async def test_pages_that_go_round_end(gateway: Gateway, client: GatewayClient) -> None:
    gateway.pages = {"": page("a/1", then="t"), "t": page("a/2", then="u"), "u": page(then="t")}
    with pytest.raises(LLMClientError, match="a page it had before"):
        await client.list_models()
    assert len(gateway.page_requests) == 3


async def test_pages_without_end_end(gateway: Gateway, client: GatewayClient) -> None:
    gateway.pages = {"": page(then="1")}
    gateway.pages |= {str(number): page(then=str(number + 1)) for number in range(1, 1001)}
    with pytest.raises(LLMClientError, match="more than 1000 pages"):
        await client.list_models()


async def test_health() -> None:
    statuses: dict[str, int] = {"": Status.SERVING, "provider/x": Status.NOT_SERVING}
    async with serve(Gateway(health=statuses)) as gateway, GatewayClient(gateway.target) as client:
        assert await client.health() == "SERVING"
        assert await client.health("provider/x") == "NOT_SERVING"
        assert await client.health("provider/y") == "SERVICE_UNKNOWN"


async def test_nobody_there_has_no_health(closed_port: int) -> None:
    async with GatewayClient(f"127.0.0.1:{closed_port}") as client:
        with pytest.raises(ProviderNotAvailableError):
            await client.health()


async def test_the_blocking_twin(gateway: Gateway) -> None:
    gateway.pages = {"": page("a/1")}
    gateway.count = pb.CountTokensResponse(prompt_tokens=7)

    def work() -> None:
        with GatewayClient(gateway.target).blocking() as client:
            assert client.count_tokens(HELLO).prompt_tokens == 7
            assert [model.name for model in client.list_models("x")] == ["a/1"]
            assert client.validate_model("a/1")
            assert not client.validate_model("a/2")
            assert client.validate_api_key()
            assert client.health("none") == "SERVICE_UNKNOWN"

    await asyncio.to_thread(work)
    assert gateway.page_requests[0].filter == "x"


async def test_callbacks_are_no_hindrance(gateway: Gateway, client: GatewayClient) -> None:
    gateway.pages = {"": page("a/1")}
    gateway.count = pb.CountTokensResponse(prompt_tokens=7)
    told = client.with_callbacks()
    assert (await told.count_tokens(HELLO)).prompt_tokens == 7
    assert await told.list_models() == list(page("a/1").models)
    assert await told.health("none") == "SERVICE_UNKNOWN"
    assert await told.validate_api_key()
    assert not await told.validate_model("a/2")


@pytest.mark.parametrize(
    ("code", "reason", "known"),
    [
        (grpc.StatusCode.UNAUTHENTICATED, "UNAUTHENTICATED", False),
        (grpc.StatusCode.FAILED_PRECONDITION, "PROVIDER_AUTHENTICATION", None),
        (grpc.StatusCode.PERMISSION_DENIED, "PERMISSION_DENIED", None),
    ],
)
async def test_whether_the_gateway_knows_the_caller(
    gateway: Gateway, client: GatewayClient, code: grpc.StatusCode, reason: str, known: bool | None
) -> None:
    gateway.pages = {"": Failure(code, "refused", [info(reason)])}
    if known is None:
        with pytest.raises(LLMClientError, match="refused"):
            await client.validate_api_key()
    else:
        assert await client.validate_api_key() is known
