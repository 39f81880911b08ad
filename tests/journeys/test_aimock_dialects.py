"""The same conversation by other protocols, with a provider this project did not write."""

from __future__ import annotations

import json
from typing import NamedTuple

import pytest

from llmrpc import accumulate
from llmrpc import v1 as pb
from tests.conftest import StartGateway
from tests.gateway.test_answers import comparable
from tests.journeys.test_aimock import question
from tests.mock_provider import running_aimock


class Spoken(NamedTuple):
    """Who speaks a protocol, and where aimock does."""

    provider: str
    key: str
    base_url: str
    path: str
    model: str


SPOKEN = (
    Spoken("anthropic", "ANTHROPIC_API_KEY", "ANTHROPIC_BASE_URL", "", "claude-sonnet-5-5"),
    Spoken("google", "GEMINI_API_KEY", "GOOGLE_AI_BASE_URL", "/v1beta", "gemini-3.8-flash"),
)


@pytest.mark.parametrize("by", SPOKEN, ids=[each.provider for each in SPOKEN])
async def test_a_conversation_with_a_tool_an_image_and_a_schema(
    gateway: StartGateway, by: Spoken
) -> None:
    async with running_aimock("conversation.json", "--strict") as aimock:
        environment = {by.key: "test-0000", by.base_url: f"{aimock.origin}{by.path}"}
        stub = (await gateway(environment=environment)).stub
        request = question()
        request.model = by.model
        request.reasoning.effort = pb.Reasoning.EFFORT_LOW
        first = await stub.Generate(request)
        assert comparable(await accumulate(stub.StreamText(request))) == comparable(first)
        assert (first.provider, first.model) == (by.provider, by.model)
        assert first.finish_reason == pb.FINISH_REASON_TOOL_CALLS
        call = first.message.parts[0].tool_call
        assert json.loads(call.arguments) == {"city": "Bern"}

        request.messages.append(first.message)
        request.messages.add(role=pb.ROLE_TOOL).parts.add().tool_result.MergeFrom(
            pb.ToolResult(tool_call_id=call.id, content='{"degrees": 21}')
        )
        second = await stub.Generate(request)
        assert comparable(await accumulate(stub.StreamText(request))) == comparable(second)
        assert json.loads(second.content) == {"city": "Bern", "degrees": 21}
        assert second.finish_reason == pb.FINISH_REASON_STOP
        sent = (await aimock.journal())[2]
        assert [message["role"] for message in sent["messages"]] == [
            "system", "user", "assistant", "tool",
        ]  # fmt: skip
        assert sent["messages"][3]["tool_call_id"] == call.id == "call_weather_1"
