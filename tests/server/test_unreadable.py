"""Bytes that are no request are refused like any other request that cannot be served."""

from __future__ import annotations

import logging
from typing import Any

import grpc
import pytest
from google.protobuf import struct_pb2, wrappers_pb2
from google.rpc import error_details_pb2

from llmrpc import v1 as pb
from llmrpc_server.interceptors.auth import hash_key
from tests.conftest import StartGateway
from tests.running import RunningGateway, until
from tests.server.wire import ask, detail, failure, reason, trailer

GENERATE = "llmrpc.v1.LLMService/Generate"
STREAM = "llmrpc.v1.LLMService/StreamText"
BATCH = "llmrpc.v1.LLMService/BatchGenerate"
CHECK = "grpc.health.v1.Health/Check"
REFLECT = "grpc.reflection.v1.ServerReflection/ServerReflectionInfo"
GARBAGE = b"\xff\xff\xff"


def field(number: int, data: bytes) -> bytes:
    """A field on the wire that holds a message or a text; numbers up to 2047."""
    tag = (number << 3) | 2
    head = bytes([tag]) if tag < 128 else bytes([tag & 127 | 128, tag >> 7])
    return head + wrappers_pb2.BytesValue(value=data).SerializeToString()[1:]


def nested(depth: int) -> bytes:
    """A request with lists in lists: more than protobuf itself would write."""
    value = struct_pb2.Value(bool_value=True).SerializeToString()
    for _ in range(depth):
        value = field(struct_pb2.Value.LIST_VALUE_FIELD_NUMBER, field(1, value))
    entry = field(1, b"echo/deep") + field(2, value)
    return ask().SerializeToString() + field(
        pb.GenerateRequest.PROVIDER_OPTIONS_FIELD_NUMBER, entry
    )


async def send(running: RunningGateway, method: str, data: bytes, **options: Any) -> Any:
    """The answer to these bytes, or the first answer of a stream.

    Nothing is written, not even an end, that may come after a refusal: grpc.aio then
    tells of an internal error in its place.
    """
    channel: Any = running.channel()
    if method in (BATCH, REFLECT):
        call = channel.stream_stream(f"/{method}")(**options)
        if data:
            await call.write(data)
        return await call.read()
    if method == STREAM:
        return await channel.unary_stream(f"/{method}")(data, **options).read()
    return await channel.unary_unary(f"/{method}")(data, **options)


@pytest.mark.parametrize(
    ("method", "data", "message"),
    [
        (GENERATE, GARBAGE, "llmrpc.v1.GenerateRequest"),
        (GENERATE, nested(90), "llmrpc.v1.GenerateRequest"),
        (STREAM, GARBAGE, "llmrpc.v1.GenerateRequest"),
        (CHECK, GARBAGE, "grpc.health.v1.HealthCheckRequest"),
        (REFLECT, GARBAGE, "grpc.reflection.v1.ServerReflectionRequest"),
    ],
    ids=["generate", "nested", "stream", "health", "reflection"],
)
async def test_an_unreadable_request_is_refused_with_details(
    gateway: StartGateway, caplog: pytest.LogCaptureFixture, method: str, data: bytes, message: str
) -> None:
    caplog.set_level(logging.DEBUG, "llmrpc.access")
    running = await gateway()
    error = await failure(send(running, method, data, metadata=(("x-request-id", "r-1"),)))
    assert error.code() is grpc.StatusCode.INVALID_ARGUMENT
    assert f"no valid {message}:" in str(error.details())
    assert reason(error) == "INVALID_REQUEST"
    assert trailer(error, "x-request-id") == detail(error, pb.ErrorDetails).request_id == "r-1"
    access = "llmrpc.access"
    await until(lambda: any(record.name == access for record in caplog.records))
    (line,) = [record for record in caplog.records if record.name == access]
    fields = vars(line)["fields"]
    assert (fields["method"], fields["request_id"]) == (method, "r-1")
    assert (fields["status"], fields["reason"]) == ("INVALID_ARGUMENT", "INVALID_REQUEST")


@pytest.mark.parametrize("method", [GENERATE, STREAM, BATCH, REFLECT])
async def test_who_has_no_key_learns_nothing_of_the_request(
    gateway: StartGateway, method: str
) -> None:
    running = await gateway(auth=[{"name": "tutor", "sha256": hash_key("k")}])
    # where requests are a stream, the refusal comes before any is there
    data = b"" if method in (BATCH, REFLECT) else GARBAGE
    error = await failure(send(running, method, data))
    assert error.code() is grpc.StatusCode.UNAUTHENTICATED
    assert detail(error, error_details_pb2.ErrorInfo).reason == "UNAUTHENTICATED"


async def test_a_stream_is_read_message_by_message(gateway: StartGateway) -> None:
    channel: Any = (await gateway()).channel()
    call = channel.stream_stream(f"/{REFLECT}")()
    await call.write(b"\x3a\x00")
    assert b"llmrpc.v1.LLMService" in await call.read()
    await call.write(GARBAGE)
    error = await failure(call.read())
    assert error.code() is grpc.StatusCode.INVALID_ARGUMENT
