"""Conversations with a provider that this project did not write."""

from __future__ import annotations

import base64
import json
from collections.abc import AsyncGenerator
from typing import Any

import pytest

from llmrpc import GatewayClient, LLMMessage, accumulate
from llmrpc import v1 as pb
from tests.conftest import StartGateway
from tests.gateway.test_answers import comparable
from tests.mock_provider import Aimock, running_aimock

QUESTION = "How warm is it in the place of this picture?"
PIXEL = base64.b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAQAAAC1HAwCAAAAC0lEQVR42mNkYPhfDwAChwGA60e6kgAAAABJRU5ErkJggg=="
)
SCHEMA = {
    "type": "object",
    "properties": {"city": {"type": "string"}, "degrees": {"type": "number"}},
    "required": ["city", "degrees"],
    "additionalProperties": False,
}
CITY = {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]}


@pytest.fixture
async def aimock() -> AsyncGenerator[Aimock, None]:
    async with running_aimock("conversation.json", "--strict") as running:
        yield running


@pytest.fixture
async def stub(aimock: Aimock, gateway: StartGateway) -> Any:
    environment = {"OPENAI_API_KEY": "sk-test-0000", "OPENAI_BASE_URL": aimock.url}
    return (await gateway(environment=environment)).stub


def same(response: pb.LLMResponse) -> pb.LLMResponse:
    """What two answers must share: the mock signs each one anew."""
    result = comparable(response)
    for part in result.message.parts:
        part.ClearField("signature")
    return result


def question(model: str = "openai/gpt-4o") -> pb.GenerateRequest:
    request = pb.GenerateRequest(
        model=model,
        messages=[
            pb.LLMMessage(role=pb.ROLE_SYSTEM, content="You answer in JSON."),
            pb.LLMMessage(
                role=pb.ROLE_USER,
                parts=[
                    pb.Part(text=QUESTION),
                    pb.Part(image=pb.Image(data=PIXEL, media_type="image/png")),
                ],
            ),
        ],
        tools=[pb.Tool(function=pb.FunctionTool(name="get_weather", parameters=json.dumps(CITY)))],
    )
    request.response_format.json_schema.name = "weather"
    request.response_format.json_schema.schema = json.dumps(SCHEMA)
    request.response_format.json_schema.strict = True
    return request


@pytest.mark.parametrize(
    ("model", "path"),
    [("openai/gpt-4o", "/v1/chat/completions"), ("openai/gpt-5.4", "/v1/responses")],
)
async def test_a_conversation_with_a_tool_an_image_and_a_schema(
    stub: Any, aimock: Aimock, model: str, path: str
) -> None:
    """Unary and streaming give the same answers, turn by turn, by both protocols of OpenAI."""
    request = question(model)
    first = await stub.Generate(request)
    assert same(await accumulate(stub.StreamText(request))) == same(first)
    assert first.finish_reason == pb.FINISH_REASON_TOOL_CALLS
    [call] = [part.tool_call for part in first.message.parts if part.HasField("tool_call")]
    assert (call.id, call.name) == ("call_weather_1", "get_weather")
    assert json.loads(call.arguments) == {"city": "Bern"}

    request.messages.append(first.message)
    request.messages.add(role=pb.ROLE_TOOL).parts.add().tool_result.MergeFrom(
        pb.ToolResult(tool_call_id=call.id, content='{"degrees": 21}')
    )
    second = await stub.Generate(request)
    assert same(await accumulate(stub.StreamText(request))) == same(second)
    assert json.loads(second.content) == {"city": "Bern", "degrees": 21}
    assert second.finish_reason == pb.FINISH_REASON_STOP
    assert second.cost.price_source == "genai-prices"
    assert bool(second.cost.total_nano_usd) == bool(second.tokens_used)

    sent = (await aimock.journal())[2]
    assert set(await aimock.paths()) == {path}
    assert [message["role"] for message in sent["messages"]] == [
        "system",
        "user",
        "assistant",
        "tool",
    ]
    if path == "/v1/responses":
        return  # the journal keeps no pictures and no schema of it
    picture = sent["messages"][1]["content"][1]["image_url"]["url"]
    assert picture == "data:image/png;base64," + base64.b64encode(PIXEL).decode()
    assert sent["response_format"]["json_schema"]["schema"] == SCHEMA
    assert sent["tools"][0]["function"]["parameters"] == CITY
    assert sent["messages"][2]["tool_calls"][0]["id"] == "call_weather_1"
    assert sent["messages"][3]["tool_call_id"] == "call_weather_1"


async def test_the_python_client_over_the_gateway(aimock: Aimock, gateway: StartGateway) -> None:
    environment = {"OPENAI_API_KEY": "sk-test-0000", "OPENAI_BASE_URL": aimock.url}
    running = await gateway(environment=environment)
    async with GatewayClient(running.address) as client:
        messages = [
            LLMMessage(role="system", content="You are a tutor."),
            LLMMessage(role="user", content="What is asyncio?"),
        ]
        response = await client.generate_text(
            messages=messages, model="gpt-4", temperature=0.7, max_tokens=500
        )
        text = "".join([chunk async for chunk in client.stream_text(messages, temperature=0.9)])
    assert response.content == text == "asyncio runs coroutines in one thread, each until it waits."
    assert response.tokens_used
    assert response.cost_estimate
    first, second = await aimock.journal()
    assert (first["model"], first["temperature"]) == ("gpt-4", 0.7)
    assert second["temperature"] == 0.9
    assert second["stream"]
    assert await aimock.paths() == ["/v1/chat/completions", "/v1/responses"]
