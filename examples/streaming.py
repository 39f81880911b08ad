"""Streaming: the answer is printed while it is written."""

import asyncio
import os
import sys

from llmrpc import GatewayClient, LLMMessage, StreamInterruptedError

ADDRESS = os.environ.get("LLMRPC_ADDRESS", "localhost:50051")
MODEL = sys.argv[1] if len(sys.argv) > 1 else ""  # empty: the gateway's default


async def main() -> None:
    messages = [LLMMessage(role="user", content="Tell me a story of a lighthouse in one sentence.")]
    async with GatewayClient(ADDRESS) as client:
        try:
            async for chunk in client.stream_text(messages, model=MODEL, max_tokens=500):
                print(chunk, end="", flush=True)
            print()
        except StreamInterruptedError as error:  # a broken stream never just ends
            print(f"\n(broken off: {error})", file=sys.stderr)
            sys.exit(1)


asyncio.run(main())
