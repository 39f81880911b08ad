"""A task description: a rough note becomes a task that somebody else can do."""

import asyncio
import os
import sys

from llmrpc import GatewayClient, build_conversation

ADDRESS = os.environ.get("LLMRPC_ADDRESS", "localhost:50051")
MODEL = sys.argv[1] if len(sys.argv) > 1 else ""  # empty: the gateway's default

INSTRUCTIONS = """\
Write a task for a developer from the user's note. Give a title, one paragraph
of background, and a numbered list of what must be true when it is done.
Invent nothing that the note does not say."""
NOTE = "search is slow when somebody types a lot, maybe wait until they stop typing? half a second"


async def main() -> None:
    async with GatewayClient(ADDRESS) as client:
        response = await client.generate_text(
            build_conversation(INSTRUCTIONS, NOTE), model=MODEL, max_tokens=800
        )
    print(response.content)
    if response.finish_reason == "length":
        print("(cut off: max_tokens was too low)", file=sys.stderr)


asyncio.run(main())
