"""Bounds of messages, the options of the server, and what a ping may cost."""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path
from typing import Any

import grpc
import pytest

from llmrpc import GatewayClient, LLMMessage, RateLimitError, channel
from llmrpc.errors import InvalidRequestError
from llmrpc_server.rpc.server import ListenSettings, make_server
from tests.conftest import StartGateway
from tests.running import as_async
from tests.server.scripted import SCRIPTED
from tests.server.wire import ask, failure

MiB = 2**20


class _Chain(grpc.aio.ServerInterceptor):
    async def intercept_service(self, continuation: Any, handler_call_details: Any) -> Any:
        return await continuation(handler_call_details)


@pytest.fixture
def options(monkeypatch: pytest.MonkeyPatch) -> Any:
    """The options that a server with these settings is made with."""

    def made(**settings: Any) -> dict[str, int]:
        seen: dict[str, int] = {}
        monkeypatch.setattr(
            grpc.aio, "server", lambda *, interceptors, options: seen.update(options)
        )
        make_server(ListenSettings(**settings), _Chain())
        return seen

    return made


def test_clients_may_ping_and_are_pinged(options: Any) -> None:
    assert options() == {
        "grpc.max_receive_message_length": 32 * MiB,
        "grpc.max_send_message_length": -1,
        "grpc.so_reuseport": 0,
        "grpc.http2.min_ping_interval_without_data_ms": 5_000,
        "grpc.keepalive_permit_without_calls": 1,
        "grpc.keepalive_time_ms": 60_000,
        "grpc.keepalive_timeout_ms": 20_000,
        "grpc.http2.bdp_probe": 0,
    }


def test_connections_grow_old_on_request(options: Any) -> None:
    made = options(max_connection_age=300.0, max_connection_age_grace=900.0)
    assert made["grpc.max_connection_age_ms"] == 300_000
    assert made["grpc.max_connection_age_grace_ms"] == 900_000


def test_a_stock_client_may_ping_as_often_as_go_does(options: Any) -> None:
    assert options()["grpc.http2.min_ping_interval_without_data_ms"] < 10_000


def test_grpc_knows_every_option(options: Any) -> None:
    """It ignores a name that it does not know: a wrong one would never be noticed."""
    found = find_spec("grpc._cython.cygrpc")
    assert found is not None
    core = Path(str(found.origin)).read_bytes()
    for name in (*options(max_connection_age=1.0), *dict(channel._OPTIONS)):
        assert name.encode() in core, name


async def test_a_request_above_the_bound_is_refused(gateway: StartGateway) -> None:
    running = await gateway(listen={"max_message_bytes": 2 * MiB})
    assert (await running.stub.Generate(ask(text="x" * MiB))).content
    error = await failure(running.stub.Generate(ask(text="x" * 3 * MiB)))
    assert error.code() is grpc.StatusCode.RESOURCE_EXHAUSTED


async def test_the_python_client_tells_a_bound_from_a_rate(gateway: StartGateway) -> None:
    running = await gateway(listen={"max_message_bytes": MiB})
    async with GatewayClient(running.address) as client:
        with pytest.raises(InvalidRequestError) as caught:
            await client.generate_text([LLMMessage(role="user", content="x" * 2 * MiB)])
    assert not isinstance(caught.value, RateLimitError)


async def test_a_request_of_twenty_mebibytes_is_taken(gateway: StartGateway) -> None:
    running = await gateway(providers=SCRIPTED)
    assert (await running.stub.Generate(ask("say", text="x" * 20 * MiB))).content == "answer"


async def test_a_large_answer_reaches_a_client_with_a_raised_bound(gateway: StartGateway) -> None:
    from llmrpc.v1.llm_service_pb2_grpc import LLMServiceStub

    running = await gateway(providers=SCRIPTED)
    request = ask(f"large-{5 * MiB}")
    raised = as_async(LLMServiceStub(running.channel(max_receive_message_length=64 * MiB)))
    assert len((await raised.Generate(request)).content) == 5 * MiB
    error = await failure(running.stub.Generate(request))
    assert error.code() is grpc.StatusCode.RESOURCE_EXHAUSTED
    async with GatewayClient(running.address) as client:
        answer = await client.generate_text(
            [LLMMessage(role="user", content="a")], model=f"scripted/large-{5 * MiB}"
        )
    assert len(answer.content) == 5 * MiB
