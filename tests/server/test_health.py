"""grpc.health.v1: the server, its service, and each provider by itself."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import grpc
import pytest
from grpc_health.v1 import health_pb2, health_pb2_grpc

from llmrpc_server.app import App
from llmrpc_server.interceptors.auth import hash_key
from tests.conftest import StartGateway
from tests.running import RunningGateway, configured, until
from tests.server.scripted import SCRIPTED
from tests.server.wire import ask, failure

UP = health_pb2.HealthCheckResponse.SERVING
DOWN = health_pb2.HealthCheckResponse.NOT_SERVING
UNKNOWN = health_pb2.HealthCheckResponse.SERVICE_UNKNOWN
PROVIDER = "provider/scripted"
ALL = health_pb2.HealthListRequest()  # type: ignore[attr-defined]  # the stubs lack it
FAST = {"attempts": 1}


def health(running: RunningGateway) -> Any:
    return health_pb2_grpc.HealthStub(running.channel())


async def check(stub: Any, service: str) -> int:
    return int((await stub.Check(health_pb2.HealthCheckRequest(service=service))).status)


def watch(stub: Any, service: str) -> Any:
    return stub.Watch(health_pb2.HealthCheckRequest(service=service))


@pytest.mark.parametrize("service", ["", "llmrpc.v1.LLMService", PROVIDER, "provider/echo"])
async def test_what_runs_is_serving(gateway: StartGateway, service: str) -> None:
    stub = health(await gateway(providers=SCRIPTED))
    assert await check(stub, service) == UP
    assert (await watch(stub, service).read()).status == UP


@pytest.mark.parametrize("service", ["provider/openai", "llmrpc.v1.Nonsense"])
async def test_what_is_not_there_is_unknown(gateway: StartGateway, service: str) -> None:
    stub = health(await gateway(providers=SCRIPTED))
    error = await failure(check(stub, service))
    assert error.code() is grpc.StatusCode.NOT_FOUND
    assert "Health/List" in str(error.details())
    assert (await watch(stub, service).read()).status == UNKNOWN


async def test_all_statuses_are_listed(gateway: StartGateway) -> None:
    running = await gateway(providers=SCRIPTED)
    running.app.health.provider_changed("scripted", False)
    stub = health(running)
    listed = (await stub.List(ALL)).statuses
    assert {name: each.status for name, each in listed.items()} == {
        "": UP,
        "llmrpc.v1.LLMService": UP,
        "provider/echo": UP,
        PROVIDER: DOWN,
    }


async def test_the_list_is_for_callers_and_a_check_for_all(gateway: StartGateway) -> None:
    running = await gateway(auth=[{"name": "tutor", "sha256": hash_key("k")}])
    stub = health(running)
    assert await check(stub, "") == UP
    assert (await failure(stub.List(ALL))).code() is grpc.StatusCode.UNAUTHENTICATED
    assert await stub.List(ALL, metadata=(("authorization", "Bearer k"),))


async def test_a_failing_provider_changes_its_own_status_alone(gateway: StartGateway) -> None:
    running = await gateway(providers=SCRIPTED, retry=FAST)
    stub, calls = health(running), running.stub
    watched = watch(stub, PROVIDER)
    assert (await watched.read()).status == UP
    for _ in range(2):
        await failure(calls.Generate(ask("down")))
    assert await check(stub, PROVIDER) == UP
    await failure(calls.StreamText(ask("down")).read())
    assert (await watched.read()).status == DOWN
    assert await check(stub, PROVIDER) == DOWN
    for service in ("", "llmrpc.v1.LLMService", "provider/echo"):
        assert await check(stub, service) == UP
    await calls.Generate(ask("say"))
    assert (await watched.read()).status == UP
    assert await check(stub, PROVIDER) == UP


async def test_a_fault_of_a_request_is_none_of_the_provider(gateway: StartGateway) -> None:
    running = await gateway(providers=SCRIPTED, retry=FAST)
    stub = health(running)
    for _ in range(5):
        await failure(running.stub.Generate(ask("boom")))
        await failure(running.stub.Generate(ask("say", temperature=9)))
    assert await check(stub, PROVIDER) == UP


async def test_all_is_known_before_the_port_answers(tmp_path: Path) -> None:
    running = App(configured(tmp_path, {}, {}))
    serve = running.server.start

    async def start() -> None:
        context: Any = None
        for service in ("", "llmrpc.v1.LLMService", "provider/echo"):
            request = health_pb2.HealthCheckRequest(service=service)
            assert (await running.health.servicer.Check(request, context)).status == UP
        await serve()

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(running.server, "start", start)
        await running.start()
    await running.server.stop(None)
    await running.close()


async def test_health_can_be_switched_off(gateway: StartGateway) -> None:
    stub = health(await gateway(listen={"health": False}))
    assert (await failure(check(stub, ""))).code() is grpc.StatusCode.UNIMPLEMENTED


async def test_a_watch_that_is_left_is_forgotten(gateway: StartGateway) -> None:
    running = await gateway()
    watched = watch(health(running), "")
    await watched.read()
    watchers: Any = vars(running.app.health.servicer)["_server_watchers"]
    assert list(watchers) == [""]
    watched.cancel()
    await until(lambda: not watchers)
