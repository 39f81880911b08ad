"""What no provider could take is refused, with every violation by its path."""

from __future__ import annotations

import math
from typing import Any

import grpc
import pytest
from google.protobuf import struct_pb2
from google.rpc import error_details_pb2

from llmrpc import v1 as pb
from llmrpc.errors import InvalidRequestError
from llmrpc_server.rpc.limits import Limits
from llmrpc_server.rpc.validation import Validator
from tests.conftest import StartGateway
from tests.server.checked import (
    ASSISTANT,
    NO_ROLE,
    SYSTEM,
    TOOL,
    USER,
    block,
    kept,
    option,
    said,
    tool_result,
    violations,
)
from tests.server.wire import ask, detail, failure, reason


def schema(text: str) -> pb.ResponseFormat:
    return pb.ResponseFormat(json_schema=pb.JsonSchemaFormat(schema=text))


PNG = pb.Image(data=b"png", media_type="image/png")
NAMED = pb.ToolChoice.MODE_NAMED
NAN = struct_pb2.Value(number_value=math.nan)
REFUSED = {
    "messages": pb.GenerateRequest(),
    "messages[0].role": pb.GenerateRequest(messages=[pb.LLMMessage(content="a")]),
    "messages[0].role#unknown": pb.GenerateRequest(
        messages=[pb.LLMMessage(role=NO_ROLE, content="a")]
    ),
    "messages[0].content": pb.GenerateRequest(messages=[pb.LLMMessage(role=USER)]),
    "messages[0].content#beside": said(pb.Part(text="a"), content="a"),
    "messages[0].parts": pb.GenerateRequest(messages=[pb.LLMMessage(role=TOOL, content="a")]),
    "messages[0].parts[1]": said(pb.Part(text="a"), pb.Part()),
    "messages[0].parts[0].text": said(pb.Part(text="")),
    "messages[0].parts[0].text#tool": said(pb.Part(text="a"), role=TOOL),
    "messages[0].parts[0].tool_call": said(pb.Part(tool_call=pb.ToolCall(id="1", name="a"))),
    "messages[0].parts[0].tool_call#bare": said(pb.Part(tool_call=pb.ToolCall()), role=ASSISTANT),
    "messages[0].parts[0].reasoning": said(pb.Part(reasoning="a"), role=SYSTEM),
    "messages[0].parts[0].tool_result": said(
        pb.Part(tool_result=pb.ToolResult(tool_call_id="1")), role=ASSISTANT
    ),
    "messages[0].parts[0].tool_result.tool_call_id": tool_result(content="a"),
    "messages[0].parts[0].tool_result.content": tool_result(
        tool_call_id="1", content="a", parts=[pb.Part(text="a")]
    ),
    "messages[0].parts[0].tool_result.parts[0]": tool_result(
        tool_call_id="1", parts=[pb.Part(reasoning="a")]
    ),
    "messages[0].parts[0].signature.provider": said(
        pb.Part(text="a", signature=pb.Signature(data="x"))
    ),
    "model": ask("echo/a\nb"),
    "model#long": ask("echo/" + "a" * 300),
    "temperature": ask(temperature=2.1),
    "temperature#nan": ask(temperature=math.nan),
    "temperature#inf": ask(temperature=math.inf),
    "temperature#negative": ask(temperature=-0.1),
    "top_p": ask(top_p=1.1),
    "top_p#nan": ask(top_p=math.nan),
    "top_k": ask(top_k=0),
    "max_tokens": ask(max_tokens=0),
    "max_tokens#negative": ask(max_tokens=-5),
    "max_tokens#large": ask(max_tokens=2**31 - 1),
    "presence_penalty": ask(presence_penalty=-2.1),
    "frequency_penalty": ask(frequency_penalty=-math.inf),
    "stop[1]": ask(stop=["a", ""]),
    "stop": ask(stop=["a"] * 65),
    "tools": ask(tools=[pb.Tool(function=pb.FunctionTool(name=str(n))) for n in range(513)]),
    "tools[0]": ask(tools=[pb.Tool()]),
    "tools[0].function.name": ask(tools=[pb.Tool(function=pb.FunctionTool())]),
    "tools[1].function.name": ask(
        tools=[
            pb.Tool(function=pb.FunctionTool(name="a")),
            pb.Tool(function=pb.FunctionTool(name="a")),
        ]
    ),
    "tools[0].function.parameters": ask(
        tools=[pb.Tool(function=pb.FunctionTool(name="a", parameters="{"))]
    ),
    "tools[0].function.parameters#array": ask(
        tools=[pb.Tool(function=pb.FunctionTool(name="a", parameters="[]"))]
    ),
    "tools[0].function.parameters#deep": ask(
        tools=[pb.Tool(function=pb.FunctionTool(name="a", parameters='{"a":' * 10_000))]
    ),
    "tools[1].provider_tool.name": ask(
        tools=[
            pb.Tool(function=pb.FunctionTool(name="search")),
            pb.Tool(provider_tool=pb.ProviderTool(provider="x", type="search")),
        ]
    ),
    "tools[0].provider_tool.provider": ask(
        tools=[pb.Tool(provider_tool=pb.ProviderTool(type="search"))]
    ),
    "tools[0].provider_tool.type": ask(
        tools=[pb.Tool(provider_tool=pb.ProviderTool(provider="x"))]
    ),
    "tools[0].provider_tool.options": ask(
        tools=[pb.Tool(provider_tool=pb.ProviderTool(provider="x", type="y", options="[]"))]
    ),
    "tools[0].provider_tool.options#type": ask(
        tools=[
            pb.Tool(provider_tool=pb.ProviderTool(provider="x", type="y", options='{"type":"z"}'))
        ]
    ),
    "tool_choice.allowed_names[0]": ask(tool_choice=pb.ToolChoice(mode=NAMED, allowed_names=["a"])),
    "tool_choice.allowed_names": ask(
        tools=[pb.Tool(function=pb.FunctionTool(name="a"))], tool_choice=pb.ToolChoice(mode=NAMED)
    ),
    "tool_choice.allowed_names#none": ask(
        tools=[pb.Tool(function=pb.FunctionTool(name="a"))],
        tool_choice=pb.ToolChoice(mode=pb.ToolChoice.MODE_NONE, allowed_names=["a"]),
    ),
    "tool_choice.allowed_names[1]": ask(
        tools=[pb.Tool(function=pb.FunctionTool(name="a"))],
        tool_choice=pb.ToolChoice(allowed_names=["a", "a"]),
    ),
    "tool_choice.mode": ask(tool_choice=pb.ToolChoice(mode=pb.ToolChoice.MODE_REQUIRED)),
    "tool_choice.mode#unknown": ask(tool_choice=pb.ToolChoice(mode=NO_ROLE)),
    "response_format.json_schema.schema": ask(response_format=schema("nonsense")),
    "response_format.json_schema.schema#empty": ask(response_format=schema("")),
    "response_format.json_schema.schema#number": ask(response_format=schema("7")),
    "reasoning.effort": ask(reasoning=pb.Reasoning(effort=NO_ROLE)),
    "reasoning.budget_tokens": ask(reasoning=pb.Reasoning(budget_tokens=-1)),
    "resume_after": ask(resume_after=-1),
    "end_user_id": ask(end_user_id="u" * 65),
    "end_user_id#control": ask(end_user_id="u\n"),
    "output_modalities[0]": ask(output_modalities=[pb.MODALITY_UNSPECIFIED]),
    "output_modalities[0]#unknown": ask(output_modalities=[NO_ROLE]),
    "output_modalities[1]": ask(output_modalities=[pb.MODALITY_TEXT, pb.MODALITY_TEXT]),
    "recovery": ask(recovery=NO_ROLE),
    "fallback.models[0]": ask(fallback=pb.FallbackOptions(models=["a" * 257])),
    "fallback.disabled": ask(fallback=pb.FallbackOptions(models=["a"], disabled=True)),
    "fallback.models[1]": ask(fallback=pb.FallbackOptions(models=["a", ""])),
    "provider_options[openai]": ask(provider_options={"openai": struct_pb2.Value(bool_value=True)}),
    "provider_options[openai.metadata]": ask(provider_options=option(struct_pb2.Value())),
    "provider_options[openai.metadata]#nan": ask(provider_options=option(NAN)),
    "provider_options[openai.metadata]#inner": ask(
        provider_options=option(struct_pb2.Value(list_value=struct_pb2.ListValue(values=[NAN])))
    ),
}
"""A request by the one path that is wrong in it; `#` parts cases of one path."""


TAKEN = [
    ask(),
    ask(recovery=pb.RECOVERY_NONE, fallback=pb.FallbackOptions(disabled=True)),
    ask(end_user_id="u" * 64, output_modalities=[pb.MODALITY_TEXT, pb.MODALITY_IMAGE]),
    ask(tools=[pb.Tool(provider_tool=pb.ProviderTool(provider="x", type="y", options="{}"))]),
    ask(temperature=0, top_p=0, presence_penalty=-2, frequency_penalty=2, max_tokens=1, top_k=1),
    ask(temperature=2, top_p=1, seed=-1, stop=["a"], response_format=schema('{"type":"object"}')),
    said(pb.Part(text="a"), pb.Part(image=PNG), pb.Part(image=pb.Image(uri="https://a/b.png"))),
    said(pb.Part(reasoning="a"), pb.Part(refusal="b"), role=ASSISTANT),
    said(role=ASSISTANT),
    said(pb.Part(tool_call=pb.ToolCall(id="1", name="a", arguments="not json")), role=ASSISTANT),
    said(pb.Part(text="", signature=pb.Signature(provider="google", data="x")), role=ASSISTANT),
    tool_result(tool_call_id="1"),
    tool_result(tool_call_id="1", parts=[pb.Part(text="a"), pb.Part(image=PNG)]),
    ask(
        tools=[pb.Tool(function=pb.FunctionTool(name="a"))],
        tool_choice=pb.ToolChoice(mode=NAMED, allowed_names=["a"]),
    ),
    ask(reasoning=pb.Reasoning(budget_tokens=0), response_format=pb.ResponseFormat()),
    ask(provider_options=option(struct_pb2.Value(number_value=1))),
]


@pytest.mark.parametrize("path", REFUSED)
def test_a_wrong_field_is_named(path: str) -> None:
    with pytest.raises(InvalidRequestError) as caught:
        Validator(Limits()).check(REFUSED[path])
    assert caught.value.reason_name == "INVALID_REQUEST"
    assert [each.field for each in caught.value.violations] == [path.partition("#")[0]]


@pytest.mark.parametrize(
    ("fields", "description"),
    [
        ({"temperature": math.nan}, "must be between 0 and 2, got NaN"),
        ({"temperature": math.inf}, "must be between 0 and 2, got infinity"),
        ({"temperature": 2.0000001}, "must be between 0 and 2, got 2.0000001"),
        ({"top_p": -0.5}, "must be between 0 and 1, got -0.5"),
        ({"presence_penalty": -math.inf}, "must be between -2 and 2, got -infinity"),
        ({"max_tokens": 0}, "must be between 1 and 10000000, got 0"),
        ({"top_k": -3}, "must be at least 1, got -3"),
        ({"resume_after": -1}, "must be at least 0, got -1"),
        ({"reasoning": pb.Reasoning(budget_tokens=-1)}, "must be at least 0, got -1"),
        (
            {"messages": said(kept(seconds=-5)).messages},
            "must be between 0 s and 31536000 s, got -5 s",
        ),
        ({"stop": ["a"] * 65}, "exceeds the limit of 64 entries"),
        ({"model": "a" * 300}, "exceeds the limit of 256 characters"),
    ],
)
def test_what_is_out_of_its_bounds_is_told_with_them(
    fields: dict[str, Any], description: str
) -> None:
    with pytest.raises(InvalidRequestError) as caught:
        Validator(Limits()).check(pb.GenerateRequest(**{"messages": ask().messages, **fields}))
    (violation,) = caught.value.violations
    assert violation.description == description


@pytest.mark.parametrize("request_", TAKEN)
def test_what_the_contract_allows_is_taken(request_: pb.GenerateRequest) -> None:
    assert violations(request_) == []


async def test_all_violations_come_at_once(gateway: StartGateway) -> None:
    request = pb.GenerateRequest(
        messages=[pb.LLMMessage(role=NO_ROLE), pb.LLMMessage(role=USER)],
        temperature=3,
        max_tokens=-1,
        tools=[pb.Tool(function=pb.FunctionTool(parameters="{"))],
    )
    error = await failure((await gateway()).stub.Generate(request))
    assert error.code() is grpc.StatusCode.INVALID_ARGUMENT
    assert reason(error) == "INVALID_REQUEST"
    assert str(error.details()).startswith("messages[0].role: ")
    listed = detail(error, error_details_pb2.BadRequest).field_violations
    assert [v.field for v in listed] == [
        "messages[0].role",
        "messages[0].content",
        "messages[1].content",
        "temperature",
        "max_tokens",
        "tools[0].function.name",
        "tools[0].function.parameters",
    ]
    assert detail(error, error_details_pb2.ErrorInfo).metadata["violations"] == "7"


async def test_streams_are_checked_too(gateway: StartGateway) -> None:
    call = (await gateway()).stub.StreamText(pb.GenerateRequest())
    error = await failure(call.read())
    assert error.code() is grpc.StatusCode.INVALID_ARGUMENT


async def test_an_empty_answer_can_be_sent_back(gateway: StartGateway) -> None:
    stub = (await gateway()).stub
    request = ask(stop=["Hello"])
    answer = await stub.Generate(request)
    assert not answer.message.parts
    request.messages.extend([answer.message, *ask(text="Go on").messages])
    assert (await stub.Generate(request)).content == "Go on"


@pytest.mark.parametrize("text", ["[]", "7", "", "{", '{"a":tru}', '{"a":1}{', '{"a":' * 100_000])
def test_what_a_provider_wrote_is_a_whole_object(text: str) -> None:
    path = "messages[0].parts[0].provider_block.data"
    assert violations(said(block(text), role=ASSISTANT)) == [path]
