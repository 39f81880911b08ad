"""A token count: how long a request is, before it costs anything."""

import asyncio
import os
import sys

from llmrpc import GatewayClient
from llmrpc import v1 as pb

ADDRESS = os.environ.get("LLMRPC_ADDRESS", "localhost:50051")
MODEL = sys.argv[1] if len(sys.argv) > 1 else ""  # empty: the gateway's default

TEXTS = ["Hello", "Hello, how are you today?", "lighthouse " * 1000]


async def main() -> None:
    async with GatewayClient(ADDRESS) as client:
        for text in TEXTS:
            message = pb.LLMMessage(role=pb.ROLE_USER, content=text)
            request = pb.GenerateRequest(model=MODEL, messages=[message])
            count = await client.count_tokens(request)
            # The provider's own count, a tokenizer's, or an estimate: it says which.
            method = pb.CountTokensResponse.Method.Name(count.method).removeprefix("METHOD_")
            print(f"{count.prompt_tokens:6} tokens ({method.lower()}): {text[:30]}")


asyncio.run(main())
