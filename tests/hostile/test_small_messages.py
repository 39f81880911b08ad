"""Health and reflection take small messages alone, and keep none of the large ones."""

from __future__ import annotations

from typing import Any

import grpc
from grpc_health.v1 import health_pb2
from grpc_health.v1.health_pb2_grpc import HealthStub
from grpc_reflection.v1alpha import reflection_pb2
from grpc_reflection.v1alpha.reflection_pb2_grpc import ServerReflectionStub

from tests.hostile.conftest import Attack
from tests.hostile.victim import MB
from tests.server.wire import failure

NAME = "x" * 4 * MB
TOLERANCE = 25.0
"""MB; it is 80 or more if the names are kept."""


async def reflect(stub: Any, symbol: str) -> Any:
    call = stub.ServerReflectionInfo()
    await call.write(reflection_pb2.ServerReflectionRequest(file_containing_symbol=symbol))
    answer = await call.read()
    await call.done_writing()
    assert answer is not grpc.aio.EOF
    return answer


async def test_large_questions_are_refused_unread(victim: Attack) -> None:
    running = await victim()
    channel: Any = running.channel()
    health: Any = HealthStub(channel)
    reflection: Any = ServerReflectionStub(channel)
    asked = health_pb2.HealthCheckRequest(service=NAME)
    assert (await health.Check(health_pb2.HealthCheckRequest())).status == 1
    assert (await reflect(reflection, "llmrpc.v1.LLMService")).HasField("file_descriptor_response")
    for _ in range(10):
        await failure(health.Check(asked))
        await failure(reflect(reflection, NAME))
    before = running.resident()
    for _ in range(20):
        error = await failure(health.Check(asked))
        assert error.code() is grpc.StatusCode.INVALID_ARGUMENT
        assert "grpc.health.v1.Health/Check exceeds the limit of 65536 bytes" in str(
            error.details()
        )
        watched = health.Watch(asked)
        assert (await failure(watched.read())).code() is grpc.StatusCode.INVALID_ARGUMENT
    kept = {"health": running.resident() - before}
    for _ in range(20):
        error = await failure(reflect(reflection, NAME))
        assert error.code() is grpc.StatusCode.INVALID_ARGUMENT
    kept["reflection"] = running.resident() - before
    assert max(kept.values()) < TOLERANCE, kept
