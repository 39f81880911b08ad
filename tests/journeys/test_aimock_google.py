"""The same conversation by Google's protocol, with a provider this project did not write."""

from __future__ import annotations

import json

from llmrpc import accumulate
from llmrpc import v1 as pb
from tests.conftest import StartGateway
from tests.gateway.test_answers import comparable
from tests.journeys.test_aimock import question
from tests.mock_provider import running_aimock


async def test_a_conversation_with_a_tool_an_image_and_a_schema(gateway: StartGateway) -> None:
    async with running_aimock("conversation.json", "--strict") as aimock:
        environment = {
            "GEMINI_API_KEY": "test-0000",
            "GOOGLE_AI_BASE_URL": f"{aimock.origin}/v1beta",
        }
        stub = (await gateway(environment=environment)).stub
        request = question()
        request.model = "gemini-3.8-flash"
        request.reasoning.effort = pb.Reasoning.EFFORT_LOW
        first = await stub.Generate(request)
        assert comparable(await accumulate(stub.StreamText(request))) == comparable(first)
        assert (first.provider, first.model) == ("google", "gemini-3.8-flash")
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
