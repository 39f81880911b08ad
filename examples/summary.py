"""A summary: a text (the second argument is its file) in at most three points."""

import asyncio
import os
import sys
from pathlib import Path

from llmrpc import ContextWindowExceededError, GatewayClient, build_conversation

ADDRESS = os.environ.get("LLMRPC_ADDRESS", "localhost:50051")
MODEL = sys.argv[1] if len(sys.argv) > 1 else ""  # empty: the gateway's default

INSTRUCTIONS = "Summarize the user's text in at most three points, each one line."
TEXT = """\
The lighthouse was built in 1859 and burned whale oil. In 1907 it was given an
electric lamp, the first on that coast, and its keeper's family moved out when the
lamp was made automatic in 1964. Today it is a museum with some nine thousand
visitors a year; its light still turns, though ships no longer need it."""
if len(sys.argv) > 2:
    TEXT = Path(sys.argv[2]).read_text()


async def main() -> None:
    async with GatewayClient(ADDRESS) as client:
        try:
            response = await client.generate_text(
                build_conversation(INSTRUCTIONS, TEXT), model=MODEL, max_tokens=300
            )
        except ContextWindowExceededError as error:
            sys.exit(f"The text is too long for the model: {error}")
    print(response.content)
    print(f"({len(TEXT.split())} words became {len(response.content.split())})")


asyncio.run(main())
