"""Who may call what: default deny."""

from __future__ import annotations

import hashlib
from typing import Any

import grpc
import pytest
from google.rpc import error_details_pb2
from grpc_health.v1 import health_pb2, health_pb2_grpc
from grpc_reflection.v1alpha import reflection_pb2

from llmrpc import v1 as pb
from llmrpc_server.interceptors.auth import hash_key, make_key
from tests.conftest import StartGateway
from tests.running import RunningGateway
from tests.server.wire import ask, detail, failure, reason

KEY = "llmrpc_canary-caller-key"
AUTH = [{"name": "tutor", "sha256": hash_key(KEY)}]


def bearer(text: str) -> tuple[tuple[str, str]]:
    return (("authorization", text),)


@pytest.mark.parametrize(
    "sent", ["", "Bearer", "Bearer ", "Bearer wrong", KEY, f"Basic {KEY}", hash_key(KEY)]
)
async def test_without_the_key_nobody_gets_in(gateway: StartGateway, sent: str) -> None:
    stub = (await gateway(auth=AUTH)).stub
    error = await failure(stub.Generate(ask(), metadata=bearer(sent) if sent else None))
    assert error.code() is grpc.StatusCode.UNAUTHENTICATED
    assert reason(error) == "UNAUTHENTICATED"
    assert KEY not in str(error)


@pytest.mark.parametrize("scheme", ["Bearer", "bearer", "BEARER"])
async def test_the_key_lets_its_caller_in(
    gateway: StartGateway, scheme: str, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO")
    stub = (await gateway(auth=AUTH)).stub
    await stub.Generate(ask(), metadata=bearer(f"{scheme} {KEY}"))
    fields = [r.__dict__["fields"] for r in caplog.records if r.name == "llmrpc.access"]
    assert [each["caller"] for each in fields] == ["tutor"]


async def test_a_key_can_be_given_itself(gateway: StartGateway) -> None:
    stub = (
        await gateway(
            auth=[{"name": "tutor", "key": "${TUTOR_KEY}"}], environment={"TUTOR_KEY": KEY}
        )
    ).stub
    assert (await stub.Generate(ask(), metadata=bearer(f"Bearer {KEY}"))).content
    await failure(stub.Generate(ask()))


async def test_without_keys_callers_are_anonymous(gateway: StartGateway) -> None:
    assert (await (await gateway()).stub.Generate(ask())).content == "Hello there"


async def test_health_is_open(gateway: StartGateway) -> None:
    stub = health_pb2_grpc.HealthStub((await gateway(auth=AUTH)).channel())
    answer = await stub.Check(health_pb2.HealthCheckRequest())  # type: ignore[attr-defined]  # the stubs lack it
    assert answer.status == health_pb2.HealthCheckResponse.SERVING


@pytest.mark.parametrize("version", ["v1", "v1alpha"])
async def test_reflection_asks_for_the_key(gateway: StartGateway, version: str) -> None:
    running = await gateway(auth=AUTH)
    error = await failure(_reflection(running, version)().read())
    assert error.code() is grpc.StatusCode.UNAUTHENTICATED
    request = reflection_pb2.ServerReflectionRequest(list_services="")
    asked = _reflection(running, version)(iter([request]), metadata=bearer(f"Bearer {KEY}"))
    (answer,) = [answer async for answer in asked]
    names = [service.name for service in answer.list_services_response.service]
    assert "llmrpc.v1.LLMService" in names


async def test_a_method_without_a_rule_is_refused(
    gateway: StartGateway, monkeypatch: pytest.MonkeyPatch
) -> None:
    from llmrpc_server.interceptors import auth

    rules = {name: rule for name, rule in auth.RULES.items() if not name.startswith("llmrpc.")}
    monkeypatch.setattr(auth, "RULES", rules)
    error = await failure((await gateway()).stub.Generate(ask()))
    assert error.code() is grpc.StatusCode.PERMISSION_DENIED
    info = detail(error, error_details_pb2.ErrorInfo)
    assert info.reason == "PERMISSION_DENIED"
    assert info.metadata["method"] == "/llmrpc.v1.LLMService/Generate"


async def test_an_unknown_method_is_unimplemented(gateway: StartGateway) -> None:
    channel = (await gateway(auth=AUTH)).channel()
    call: Any = channel.unary_unary(
        "/llmrpc.v1.LLMService/Nonsense", pb.GenerateRequest.SerializeToString
    )
    assert (await failure(call(ask()))).code() is grpc.StatusCode.UNIMPLEMENTED


def test_keys_are_long_and_kept_as_sha256() -> None:
    assert len({make_key() for _ in range(10)}) == 10
    assert len(make_key()) >= 40
    assert hash_key(KEY) == hashlib.sha256(KEY.encode()).hexdigest()


def _reflection(running: RunningGateway, version: str) -> Any:
    return running.channel().stream_stream(
        f"/grpc.reflection.{version}.ServerReflection/ServerReflectionInfo",
        reflection_pb2.ServerReflectionRequest.SerializeToString,
        reflection_pb2.ServerReflectionResponse.FromString,
    )
