"""A tool loop: the model asks for tools, they run here, and their results go back."""

import asyncio
import json
import os
import sys

from llmrpc import GatewayClient
from llmrpc import v1 as pb

ADDRESS = os.environ.get("LLMRPC_ADDRESS", "localhost:50051")
MODEL = sys.argv[1] if len(sys.argv) > 1 else ""  # empty: the gateway's default

QUESTION = "Is it warmer in Bern or in Rome, and by how much?"
SCHEMA = {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]}


def get_temperature(city: str) -> dict[str, int]:
    """Stands for a call of a weather service."""
    return {"celsius": {"Bern": 14, "Rome": 21}[city]}


def run(call: pb.ToolCall) -> pb.ToolResult:
    """What the tool said, or what went wrong: the model can often mend its call."""
    try:
        found = get_temperature(**json.loads(call.arguments))
        return pb.ToolResult(tool_call_id=call.id, content=json.dumps(found))
    except Exception as error:
        return pb.ToolResult(tool_call_id=call.id, content=repr(error), is_error=True)


async def main() -> None:
    request = pb.GenerateRequest(
        model=MODEL,
        messages=[pb.LLMMessage(role=pb.ROLE_USER, content=QUESTION)],
        tools=[
            pb.Tool(function=pb.FunctionTool(name="get_temperature", parameters=json.dumps(SCHEMA)))
        ],
    )
    async with GatewayClient(ADDRESS) as client:
        for _ in range(5):  # a bound, since each turn costs money
            response = await client.generate(request)
            # Back as it came: some providers sign its parts and want them unchanged.
            request.messages.append(response.message)
            calls = [
                part.tool_call for part in response.message.parts if part.HasField("tool_call")
            ]
            if not calls:
                print(response.content)
                return
            results = request.messages.add(role=pb.ROLE_TOOL)
            for call in calls:
                result = run(call)
                print(f"{call.name}({call.arguments}) -> {result.content}")
                results.parts.add(tool_result=result)
    sys.exit("The model did not come to an end.")


asyncio.run(main())
