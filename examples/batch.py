"""A batch: many requests over one call; each answer comes when it is ready."""

import asyncio
import os
import sys

from llmrpc import GatewayClient
from llmrpc import v1 as pb

ADDRESS = os.environ.get("LLMRPC_ADDRESS", "localhost:50051")
MODEL = sys.argv[1] if len(sys.argv) > 1 else ""  # empty: the gateway's default

WORDS = ["lighthouse", "harbour", "tide", "mast"]


def item(word: str) -> pb.BatchItem:
    """One request, and the name by which its answer is known."""
    question = pb.LLMMessage(role=pb.ROLE_USER, content=f"What is a {word}? One sentence.")
    request = pb.GenerateRequest(model=MODEL, messages=[question], max_tokens=200)
    return pb.BatchItem(id=word, generate=request)


async def main() -> None:
    answers: dict[str, str] = {}
    async with GatewayClient(ADDRESS) as client:
        # Items may also come from an async generator: they are taken as there is room.
        async for result in client.batch(item(word) for word in WORDS):
            if result.HasField("response"):
                answers[result.id] = result.response.content
            else:  # one item that fails spoils only itself
                answers[result.id] = f"failed: {result.status.message}"
    for word in WORDS:
        print(f"{word}: {answers[word]}")


asyncio.run(main())
