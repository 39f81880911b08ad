"""An approval: the provider asks before it calls an MCP server, and a person decides."""

import json
import os
import sys

from llmrpc import GatewayClient
from llmrpc import v1 as pb

ADDRESS = os.environ.get("LLMRPC_ADDRESS", "localhost:50051")
MODEL = sys.argv[1] if len(sys.argv) > 1 else "openai/gpt-6-luna"
SERVER = sys.argv[2] if len(sys.argv) > 2 else "https://dmcp-server.deno.dev/sse"  # it rolls dice
QUESTION = sys.argv[3] if len(sys.argv) > 3 else "Roll 2d4+1."


def decide(asked: pb.ProviderBlock) -> pb.ProviderBlock:
    """Shows the person what the provider asks for; returns the block with the decision."""
    call = json.loads(asked.data)
    print(f"The model wants to call {call['name']}({call['arguments']}) of {call['server_label']}")
    approved = input("Allow it (y/n)? ").strip() == "y"
    kind = "mcp_approval_response"
    answer = {"type": kind, "approval_request_id": asked.id, "approve": approved}
    return pb.ProviderBlock(provider=asked.provider, type=kind, data=json.dumps(answer))


def main() -> None:
    options = {"server_label": "my_server", "server_url": SERVER, "require_approval": "always"}
    tool = pb.ProviderTool(provider="openai", type="mcp", options=json.dumps(options))
    request = pb.GenerateRequest(
        model=MODEL,
        messages=[pb.LLMMessage(role=pb.ROLE_USER, content=QUESTION)],
        tools=[pb.Tool(provider_tool=tool)],
    )
    # The program waits for a person, so the blocking twin of the client suits it.
    with GatewayClient(ADDRESS).blocking() as client:
        for _ in range(5):  # a bound, since each turn costs money
            response = client.generate(request)
            if response.finish_reason != pb.FINISH_REASON_ACTION_REQUIRED:
                print(response.content)
                return
            # The message goes back as it came, and the decisions after it.
            request.messages.append(response.message)
            answers = request.messages.add(role=pb.ROLE_TOOL)
            for part in response.message.parts:
                if part.provider_block.type == "mcp_approval_request":
                    answers.parts.add(provider_block=decide(part.provider_block))
    sys.exit("The model did not come to an end.")


main()
