"""A web search: the provider searches during the call, and its answer cites numbered sources."""

import asyncio
import os
import sys

from llmrpc import GatewayClient
from llmrpc import v1 as pb

ADDRESS = os.environ.get("LLMRPC_ADDRESS", "localhost:50051")
MODEL = sys.argv[1] if len(sys.argv) > 1 else "openai/gpt-6-luna"

QUESTION = "Which tree is the oldest, and where does it grow?"
TOOLS = {
    "anthropic": "web_search_20260318",
    "google": "google_search",
    "openai": "web_search",
    "xai": "web_search",
}


def numbered(part: pb.Part, sources: list[str]) -> str:
    """The text of a part, with the numbers of its sources after what they support."""
    marks: dict[int, str] = {}
    for cited in part.annotations:
        source = f"{cited.title} {cited.url}".strip()
        if source not in sources:
            sources.append(source)
        # An index counts code points, as Python does. Without a span the whole part is meant.
        end = cited.end_index if cited.HasField("end_index") else len(part.text)
        marks[end] = marks.get(end, "") + f"[{sources.index(source) + 1}]"
    text = part.text
    for end in sorted(marks, reverse=True):
        text = text[:end] + marks[end] + text[end:]
    return text


async def main() -> None:
    provider = MODEL.partition("/")[0]
    if provider not in TOOLS:
        sys.exit(f"{MODEL}: give a model of {', '.join(TOOLS)}, such as openai/gpt-6-luna")
    search = pb.ProviderTool(provider=provider, type=TOOLS[provider])
    request = pb.GenerateRequest(
        model=MODEL,
        messages=[pb.LLMMessage(role=pb.ROLE_USER, content=QUESTION)],
        tools=[pb.Tool(provider_tool=search)],
    )
    async with GatewayClient(ADDRESS) as client:
        response = await client.generate(request)
    sources: list[str] = []
    print("".join(numbered(part, sources) for part in response.message.parts))
    for number, source in enumerate(sources, 1):
        print(f"[{number}] {source}")
    for name, uses in response.usage.tool_uses.items():  # they are billed, see response.cost
        print(f"({name}: {uses})")


asyncio.run(main())
