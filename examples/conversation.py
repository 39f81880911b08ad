"""A conversation: every question goes together with all that was said before."""

import asyncio
import os
import sys

from llmrpc import GatewayClient, LLMMessage
from llmrpc import v1 as pb

ADDRESS = os.environ.get("LLMRPC_ADDRESS", "localhost:50051")
MODEL = sys.argv[1] if len(sys.argv) > 1 else ""  # empty: the gateway's default

QUESTIONS = ["What is asyncio?", "Show me the smallest program that uses it."]


async def main() -> None:
    messages: list[LLMMessage | pb.LLMMessage] = [
        LLMMessage(role="system", content="You are a tutor. Be brief.")
    ]
    async with GatewayClient(ADDRESS) as client:
        for question in QUESTIONS:
            messages.append(LLMMessage(role="user", content=question))
            response = await client.generate_text(messages, model=MODEL, max_tokens=500)
            print(f"> {question}\n{response.content}\n")
            # The message goes back as it came: it may hold more than its text.
            if response.message is not None:
                messages.append(response.message)
            print(f"  {response.model}: {response.tokens_used} tokens\n")


asyncio.run(main())
