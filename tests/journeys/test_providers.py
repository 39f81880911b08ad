"""One conversation through four protocols: answers of one shape, sent back unchanged."""

from __future__ import annotations

import base64
import json
from collections.abc import AsyncGenerator
from typing import Any

import pytest

from llmrpc import accumulate
from llmrpc import v1 as pb
from tests.conftest import StartGateway
from tests.journeys.recorder import Recorder, recorded_aimock
from tests.journeys.test_aimock import CITY, PIXEL
from tests.journeys.ways import WAYS, Way

SYSTEM = "You answer in JSON."
QUESTION = "Which of the two cities of this picture is warmer, and by how much?"
SCHEMA = {
    "type": "object",
    "properties": {"warmer": {"type": "string"}, "by": {"type": "number"}},
    "required": ["warmer", "by"],
    "additionalProperties": False,
}
ANSWER = {"warmer": "Rome", "by": 7}
CALLS = [
    ("call_bern", "get_temperature", {"city": "Bern"}),
    ("call_rome", "get_temperature", {"city": "Rome"}),
]
RESULTS = [("call_bern", {"celsius": 14}), ("call_rome", {"celsius": 21})]


@pytest.fixture
async def provider() -> AsyncGenerator[Recorder, None]:
    async with recorded_aimock("providers.json", "--strict") as running:
        yield running


def conversation(way: Way) -> pb.GenerateRequest:
    request = pb.GenerateRequest(
        model=way.model,
        messages=[
            pb.LLMMessage(role=pb.ROLE_SYSTEM, content=SYSTEM),
            pb.LLMMessage(
                role=pb.ROLE_USER,
                parts=[
                    pb.Part(text=QUESTION),
                    pb.Part(image=pb.Image(data=PIXEL, media_type="image/png")),
                ],
            ),
        ],
        tools=[
            pb.Tool(function=pb.FunctionTool(name="get_temperature", parameters=json.dumps(CITY)))
        ],
        reasoning=way.reasoning,
        max_tokens=4000,
    )
    request.response_format.json_schema.MergeFrom(
        pb.JsonSchemaFormat(name="warmer", schema=json.dumps(SCHEMA))
    )
    return request


def results() -> pb.LLMMessage:
    """What the tools said, both in one message."""
    return pb.LLMMessage(
        role=pb.ROLE_TOOL,
        parts=[
            pb.Part(
                tool_result=pb.ToolResult(
                    tool_call_id=call, name="get_temperature", content=json.dumps(content)
                )
            )
            for call, content in RESULTS
        ],
    )


def shape(response: pb.LLMResponse) -> list[tuple[str, object]]:
    """The parts of an answer, without what only its provider can read."""
    parts: list[tuple[str, object]] = []
    for part in response.message.parts:
        call = part.tool_call
        if part.HasField("tool_call"):
            parts.append(("call", (call.id, call.name, json.loads(call.arguments))))
        else:
            kind = part.WhichOneof("kind")
            assert kind is not None
            parts.append((kind, getattr(part, kind)))
    return parts


def reasoned(way: Way, text: str) -> list[tuple[str, object]]:
    return [("reasoning", text)] if way.reasoning else []


@pytest.mark.parametrize("streamed", [False, True], ids=["whole", "streamed"])
@pytest.mark.parametrize("name", WAYS)
async def test_a_conversation(
    name: str, streamed: bool, provider: Recorder, gateway: StartGateway
) -> None:
    way = WAYS[name]
    addresses = {key: one.format(origin=provider.origin) for key, one in way.environment.items()}
    stub: Any = (await gateway(environment=addresses)).stub

    async def ask(request: pb.GenerateRequest) -> pb.LLMResponse:
        if streamed:
            return await accumulate(stub.StreamText(request))
        response: pb.LLMResponse = await stub.Generate(request)
        return response

    request = conversation(way)
    first = await ask(request)
    calls = [("call", call) for call in CALLS]
    assert shape(first) == [*reasoned(way, "I need both temperatures."), *calls]
    assert first.finish_reason == pb.FINISH_REASON_TOOL_CALLS
    assert (first.prompt_tokens, first.completion_tokens) == (80, 30)
    assert first.cost.total_nano_usd > 0
    # A model that thinks takes no temperature, so the gateway's default was left out.
    assert {warning.field for warning in first.warnings} <= {"temperature"}

    request.messages.extend([first.message, results()])
    second = await ask(request)
    assert [kind for kind, _ in shape(second)] == [
        *(["reasoning"] if way.reasoning else []),
        "text",
    ]
    assert json.loads(second.content) == ANSWER
    assert second.finish_reason == pb.FINISH_REASON_STOP
    assert (second.prompt_tokens, second.completion_tokens) == (120, 12)

    request.messages.append(second.message)
    request.messages.add(role=pb.ROLE_USER, content="Thank you.")
    third = await ask(request)
    assert json.loads(third.content) == ANSWER

    method = "streamGenerateContent?alt=sse" if streamed else "generateContent"
    assert provider.paths == [way.path.format(method=method)] * 3
    came = [way.arrived(body) for body in provider.bodies]
    for one in came:
        assert (one.system, one.question, one.schema) == (SYSTEM, QUESTION, SCHEMA)
        assert base64.b64decode(one.picture) == PIXEL
    assert came[0].turns == []
    said = [*sent_back(way, first), *(("result", one) for one in RESULTS)]
    assert readable(came[1].turns) == said
    said += [*sent_back(way, second), ("text", "Thank you.")]
    assert readable(came[2].turns) == said


def sent_back(way: Way, response: pb.LLMResponse) -> list[tuple[str, object]]:
    """The answer as its provider must find it again: with its signature, where it signed."""
    parts = list(zip(response.message.parts, shape(response), strict=True))
    assert [part.HasField("signature") for part, (kind, _) in parts if kind == "reasoning"] == (
        [way.signed] if way.reasoning else []
    )
    return [
        (kind, (value, part.signature.data)) if kind == "reasoning" else (kind, value)
        for part, (kind, value) in parts
    ]


def readable(turns: list[tuple[str, Any]]) -> list[tuple[str, object]]:
    """The turns with their JSON read."""
    return [
        (kind, (*value[:-1], json.loads(value[-1])))
        if kind in ("call", "result")
        else (kind, value)
        for kind, value in turns
    ]
