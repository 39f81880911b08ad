"""Requests over a bound are refused by its path, and hostile ones are given up early."""

from __future__ import annotations

import json
import sys
import tracemalloc
from collections.abc import Callable
from types import FrameType
from typing import Any

import grpc
import pytest
from google.protobuf import struct_pb2
from google.rpc import error_details_pb2

from llmrpc import v1 as pb
from llmrpc_server.rpc.schema_rules import opaque_object_violation
from tests.conftest import StartGateway
from tests.server.checked import (
    ASSISTANT,
    USER,
    block,
    option,
    said,
    tool_result,
    violations,
)
from tests.server.wire import ask, detail, failure


async def test_ten_thousand_bad_messages_are_counted(gateway: StartGateway) -> None:
    stub = (await gateway(limits={"max_messages": 20_000})).stub
    request = pb.GenerateRequest(messages=[pb.LLMMessage()] * 10_000)
    error = await failure(stub.Generate(request))
    assert error.code() is grpc.StatusCode.INVALID_ARGUMENT
    info = detail(error, error_details_pb2.ErrorInfo)
    assert info.metadata["violations"] == "1000+"
    assert str(error.details()).endswith(" (and at least 999 more)")
    assert 8 <= len(detail(error, error_details_pb2.BadRequest).field_violations) <= 20


def test_more_messages_than_the_bound_are_refused() -> None:
    message = pb.LLMMessage(role=USER, content="a")
    assert violations(pb.GenerateRequest(messages=[message] * 10_000)) == ["messages"]
    assert violations(pb.GenerateRequest(messages=[message] * 4096)) == []


def test_more_parts_than_the_bound_are_refused() -> None:
    assert violations(said(*[pb.Part(text="a")] * 5000)) == ["messages[0].parts"]
    parts = [pb.Part(text="a")] * 5000
    assert violations(tool_result(tool_call_id="1", parts=parts)) == [
        "messages[0].parts[0].tool_result.parts"
    ]


def test_all_messages_share_the_bound_of_parts() -> None:
    half = pb.LLMMessage(role=USER, parts=[pb.Part(text="a")] * 2048)
    assert violations(pb.GenerateRequest(messages=[half, half])) == []
    assert violations(pb.GenerateRequest(messages=[half, half, half])) == ["messages[2].parts"]


def test_all_messages_share_the_bound_of_annotations() -> None:
    cited = pb.Part(text="a", annotations=[pb.Annotation(provider="x")] * 2048)
    half = pb.LLMMessage(role=ASSISTANT, parts=[cited, cited])
    assert violations(pb.GenerateRequest(messages=[half, half])) == []
    assert violations(pb.GenerateRequest(messages=[half, half, half])) == [
        "messages[2].parts[0].annotations"
    ]
    inside = tool_result(tool_call_id="1", parts=[cited, cited, cited, cited, cited])
    assert violations(inside) == ["messages[0].parts[0].tool_result.parts[4].annotations"]


def test_all_texts_of_json_share_the_bound_of_values() -> None:
    text = '{"a":[' + "0," * 60_000 + "0]}"
    cited = pb.Part(text="a", annotations=[pb.Annotation(provider="x", data=text)])
    signed = pb.Part(text="a", signature=pb.Signature(provider="x", extra=text))
    request = said(block(text), signed, cited, role=ASSISTANT)
    tool = pb.ProviderTool(provider="x", type="y", options=text)
    request.tools.extend([pb.Tool(provider_tool=tool)])
    assert violations(request) == []
    request.messages[0].parts.append(cited)
    assert violations(request) == ["tools[0].provider_tool.options"]
    request.messages[0].parts.append(cited)
    assert violations(request) == ["messages[0].parts[4].annotations[0].data"]


@pytest.mark.parametrize(
    ("piece", "times"), [("A", 30 << 20), ("Well, ", 200_000), ("é", 15 << 20)]
)
def test_a_large_text_inside_json_is_one_value(piece: str, times: int) -> None:
    data = json.dumps({"file": piece * times}, ensure_ascii=False)
    assert violations(said(block(data), role=ASSISTANT)) == []


def test_nothing_is_made_of_what_is_handed_on() -> None:
    text = '{"a":[' + "[]," * 80_000 + "[]]}"
    tracemalloc.start()
    try:
        assert not [*opaque_object_violation("a", text)]
        assert tracemalloc.get_traced_memory()[1] < 100_000
    finally:
        tracemalloc.stop()


EMPTY_PARTS = pb.LLMMessage(parts=[pb.Part()] * 800)
SCHEMA = '{"enum":[' + "0," * 300_000 + "0]}"
LISTS = '{"a":[' + "[]," * 10_000_000 + "[]]}"
"""30 MB, which a parser needs many seconds for."""


TRUE = struct_pb2.Value(bool_value=True)


def wide() -> struct_pb2.Value:
    return struct_pb2.Value(list_value=struct_pb2.ListValue(values=[TRUE] * 400_000))


HOSTILE: dict[str, Callable[[], pb.GenerateRequest]] = {
    "messages[5].parts": lambda: pb.GenerateRequest(messages=[EMPTY_PARTS] * 1000),
    "messages": lambda: pb.GenerateRequest(messages=[pb.LLMMessage()] * 500_000),
    "messages[0].role": lambda: pb.GenerateRequest(messages=[pb.LLMMessage()] * 4096),
    "messages[0].parts[0]": lambda: said(*[pb.Part()] * 4096),
    "messages[0].parts[0].tool_result.parts": lambda: tool_result(
        tool_call_id="1", parts=[pb.Part()] * 500_000
    ),
    "messages[0].parts[0].image.uri": lambda: said(pb.Part(image=pb.Image(uri="x" * 10_000_000))),
    "messages[0].parts[0].annotations": lambda: said(
        pb.Part(text="a", annotations=[pb.Annotation()] * 500_000), role=ASSISTANT
    ),
    "messages[0].parts[1].annotations": lambda: said(
        *[pb.Part(text="a", annotations=[pb.Annotation()] * 5000)] * 100, role=ASSISTANT
    ),
    "messages[0].parts[0].annotations[0].data": lambda: said(
        pb.Part(text="a", annotations=[pb.Annotation(data=LISTS)]), role=ASSISTANT
    ),
    "messages[0].parts[0].provider_block.data": lambda: said(block(LISTS), role=ASSISTANT),
    "messages[0].parts[0].tool_call.arguments": lambda: said(
        pb.Part(tool_call=pb.ToolCall(id="1", name="a", arguments=LISTS)), role=ASSISTANT
    ),
    "messages[0].parts[0].signature.extra": lambda: said(
        pb.Part(text="a", signature=pb.Signature(provider="x", extra=LISTS)), role=ASSISTANT
    ),
    "messages[0].parts[0].tool_result.parts[0].provider_block.data": lambda: tool_result(
        tool_call_id="1", parts=[block(LISTS)]
    ),
    "stop": lambda: ask(stop=[""] * 500_000),
    "fallback.models": lambda: ask(fallback=pb.FallbackOptions(models=[""] * 500_000)),
    "tools": lambda: ask(tools=[pb.Tool(function=pb.FunctionTool())] * 500_000),
    "tools[1].function.parameters": lambda: ask(
        tools=[pb.Tool(function=pb.FunctionTool(name=n, parameters=SCHEMA)) for n in "ab"]
    ),
    "tools[0].provider_tool.options": lambda: ask(
        tools=[pb.Tool(provider_tool=pb.ProviderTool(provider="x", type="y", options=LISTS))]
    ),
    "tool_choice.allowed_names": lambda: ask(
        tool_choice=pb.ToolChoice(allowed_names=[""] * 500_000)
    ),
    "output_modalities": lambda: ask(output_modalities=[pb.MODALITY_TEXT] * 500_000),
    "provider_options": lambda: ask(
        provider_options={str(n): struct_pb2.Value(bool_value=True) for n in range(100_000)}
    ),
    "provider_options[openai.metadata]": lambda: ask(provider_options=option(wide())),
    "provider_options[" + "x" * 256 + "]": lambda: ask(
        provider_options={"x" * 1_000_000: struct_pb2.Value(bool_value=True)}
    ),
}
"""Requests of up to megabytes, made when they are wanted, by the first path that is named."""


@pytest.mark.parametrize("path", HOSTILE, ids=lambda path: path[:50])
def test_a_hostile_request_is_given_up_early(path: str) -> None:
    lines, request = 0, HOSTILE[path]()

    def count(frame: FrameType, event: str, argument: object) -> Any:
        nonlocal lines
        lines += event == "line"
        return count

    tracing = sys.gettrace()
    sys.settrace(count)
    try:
        found = violations(request)
    finally:
        sys.settrace(tracing)
    assert found[0] == path
    assert len(found) <= 20
    assert lines < 100_000


def test_a_file_inside_an_address_may_be_large() -> None:
    uri = "data:image/png;base64," + "A" * 1_000_000
    assert violations(said(pb.Part(image=pb.Image(uri=uri)))) == []
