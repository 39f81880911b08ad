"""The models of a gateway: names, sizes and prices; the argument is a filter."""

import asyncio
import os
import sys

from llmrpc import GatewayClient

ADDRESS = os.environ.get("LLMRPC_ADDRESS", "localhost:50051")
FILTER = sys.argv[1] if len(sys.argv) > 1 else ""  # 'provider = "openai"'


async def main() -> None:
    async with GatewayClient(ADDRESS) as client:
        models = await client.list_models(FILTER)
    for model in models:
        size = f"{model.context_tokens:,}" if model.HasField("context_tokens") else "unknown"
        price = "unpriced"
        if model.HasField("pricing"):
            # Nano-USD per million tokens: a billion of them are a dollar.
            dollars = model.pricing.input_nano_usd_per_million / 1e9
            price = f"${dollars:g} a million tokens of input"
        print(f"{model.name}  context {size}  {price}")
    print(f"{len(models)} models")


asyncio.run(main())
