"""Reflection, v1 and v1alpha: what grpcurl and buf need to call by name."""

from __future__ import annotations

import asyncio
import base64
import json
import shutil
import sys
from pathlib import Path
from typing import Any

import grpc
import pytest
from google.protobuf import descriptor_pb2
from google.rpc import error_details_pb2
from grpc_reflection.v1alpha import reflection_pb2

from llmrpc import v1 as pb
from tests.conftest import StartGateway
from tests.running import ROOT, RunningGateway
from tests.server.wire import failure

VERSIONS = ["v1", "v1alpha"]
REQUEST = '{"messages": [{"role": "ROLE_USER", "content": "Hello there"}]}'


async def reflect(running: RunningGateway, version: str, **fields: Any) -> Any:
    method: Any = running.channel().stream_stream(
        f"/grpc.reflection.{version}.ServerReflection/ServerReflectionInfo",
        reflection_pb2.ServerReflectionRequest.SerializeToString,
        reflection_pb2.ServerReflectionResponse.FromString,
    )
    request = reflection_pb2.ServerReflectionRequest(**fields)
    (answer,) = [answer async for answer in method(iter([request]))]
    return answer


@pytest.mark.parametrize("version", VERSIONS)
async def test_services_are_listed(gateway: StartGateway, version: str) -> None:
    answer = await reflect(await gateway(), version, list_services="")
    assert {service.name for service in answer.list_services_response.service} == {
        "llmrpc.v1.LLMService",
        "grpc.health.v1.Health",
        "grpc.reflection.v1.ServerReflection",
        "grpc.reflection.v1alpha.ServerReflection",
    }


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize(
    ("symbol", "file"),
    [
        ("llmrpc.v1.LLMService", "llmrpc/v1/llm_service.proto"),
        ("llmrpc.v1.LLMService.Generate", "llmrpc/v1/llm_service.proto"),
        ("llmrpc.v1.GenerateRequest.model", "llmrpc/v1/request.proto"),
        ("llmrpc.v1.ErrorDetails", "llmrpc/v1/error.proto"),
        ("google.rpc.BadRequest", "google/rpc/error_details.proto"),
        ("grpc.reflection.v1.ServerReflection", "grpc/reflection/v1/reflection.proto"),
        ("grpc.reflection.v1alpha.ServerReflection", "grpc_reflection/v1alpha/reflection.proto"),
    ],
)
async def test_symbols_are_described(
    gateway: StartGateway, version: str, symbol: str, file: str
) -> None:
    answer = await reflect(await gateway(), version, file_containing_symbol=symbol)
    described = answer.file_descriptor_response.file_descriptor_proto
    files = [descriptor_pb2.FileDescriptorProto.FromString(data) for data in described]
    assert file in [each.name for each in files]


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("symbol", ["llmrpc.v1.Nonsense", "llmrpc.v1.LLMService.Nonsense", ""])
async def test_an_unknown_symbol_is_not_found(
    gateway: StartGateway, version: str, symbol: str
) -> None:
    answer = await reflect(await gateway(), version, file_containing_symbol=symbol)
    assert answer.error_response.error_code == grpc.StatusCode.NOT_FOUND.value[0]


@pytest.mark.parametrize("version", VERSIONS)
async def test_reflection_can_be_switched_off(gateway: StartGateway, version: str) -> None:
    running = await gateway(listen={"reflection": False})
    error = await failure(reflect(running, version, list_services=""))
    assert error.code() is grpc.StatusCode.UNIMPLEMENTED


async def buf_curl(address: str, method: str, *arguments: str) -> tuple[str, str]:
    """What `buf curl` prints: output and complaints."""
    beside = Path(sys.executable).parent, ROOT / ".build/protoc/bin"
    program = shutil.which("buf", path=":".join(map(str, beside))) or shutil.which("buf")
    assert program, "buf is missing; it comes with the package buf-bin"
    process = await asyncio.create_subprocess_exec(
        program,
        *("curl", "--http2-prior-knowledge", "--protocol", "grpc", *arguments),
        f"http://{address}/{method}",
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        env={"HOME": "/nonexistent", "BUF_CACHE_DIR": "/nonexistent"},
    )
    output, complaints = await process.communicate()
    return output.decode(), complaints.decode()


async def test_buf_calls_generate_in_plain_json(gateway: StartGateway) -> None:
    running = await gateway()
    output, complaints = await buf_curl(
        running.address, "llmrpc.v1.LLMService/Generate", "--data", REQUEST
    )
    answer = json.loads(output or "null")
    assert answer, complaints
    assert (answer["content"], answer["tokensUsed"]) == ("Hello there", 4)


async def test_buf_streams_in_plain_json(gateway: StartGateway) -> None:
    running = await gateway()
    output, complaints = await buf_curl(
        running.address, "llmrpc.v1.LLMService/StreamText", "--data", REQUEST
    )
    decoder, events = json.JSONDecoder(), []
    while output := output.strip():
        event, end = decoder.raw_decode(output)
        events.append(event)
        output = output[end:]
    assert events, complaints
    assert [event["sequence"] for event in events] == [1, 2]
    assert events[-1]["completed"]["content"] == "Hello there"


async def test_buf_shows_the_details_of_a_refusal(gateway: StartGateway) -> None:
    running = await gateway()
    _, complaints = await buf_curl(
        running.address, "llmrpc.v1.LLMService/Generate", "--data", '{"temperature": 9}'
    )
    error = json.loads(complaints)
    assert error["code"] == "invalid_argument"
    found = {each["type"]: base64.b64decode(each["value"] + "==") for each in error["details"]}
    info = error_details_pb2.ErrorInfo.FromString(found["google.rpc.ErrorInfo"])
    assert info.reason == "INVALID_REQUEST"
    assert pb.ErrorDetails.FromString(found["llmrpc.v1.ErrorDetails"]).request_id
