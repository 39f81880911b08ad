"""Allowed tools: the model knows every tool of the program, and may call only some of them."""

import asyncio
import json
import os
import sys

from llmrpc import GatewayClient
from llmrpc import v1 as pb

ADDRESS = os.environ.get("LLMRPC_ADDRESS", "localhost:50051")
MODEL = sys.argv[1] if len(sys.argv) > 1 else ""  # empty: the gateway's default

QUESTION = "Do people in Oslo and Köln need an umbrella?"
SCHEMA = '{"type":"object","properties":{"city":{"type":"string"},"days":{"type":"integer"}}}'
# If the provider takes a list of allowed tools, it gets all of these, and its cache stays valid.
TOOLS = [
    pb.FunctionTool(name="weather", description="The weather of a city", parameters=SCHEMA),
    pb.FunctionTool(name="river", description="The river's level in a city", parameters=SCHEMA),
    pb.FunctionTool(name="warn", description="Warns everybody in a city", parameters=SCHEMA),
]
ALLOWED = ["weather", "river"]  # and not `warn`, until a person agrees


def look_up(what: str, city: str, days: int = 1) -> str:  # stands for two services
    return {"weather": "rain", "river": "3 m"}[what] + f" in {city} for {days} days"


def run(call: pb.ToolCall) -> pb.ToolResult:
    if call.name not in ALLOWED:  # a model may try all the same
        return pb.ToolResult(tool_call_id=call.id, content="not allowed", is_error=True)
    try:
        found = look_up(call.name, **json.loads(call.arguments))
        return pb.ToolResult(tool_call_id=call.id, content=found)
    except Exception as error:
        return pb.ToolResult(tool_call_id=call.id, content=repr(error), is_error=True)


async def main() -> None:
    request = pb.GenerateRequest(model=MODEL)
    request.messages.add(role=pb.ROLE_USER, content=QUESTION)
    request.tools.extend(pb.Tool(function=tool) for tool in TOOLS)
    request.tool_choice.allowed_names.extend(ALLOWED)
    async with GatewayClient(ADDRESS) as client:
        for _ in range(5):  # a bound, since each turn costs money
            response = await client.generate(request)
            request.messages.append(response.message)  # back as it came
            calls = [p.tool_call for p in response.message.parts if p.HasField("tool_call")]
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
