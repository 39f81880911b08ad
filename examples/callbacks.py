"""Callbacks: a budget for the day, and numbers of how the calls went."""

import asyncio
import json
import os
import sys

from llmrpc import BudgetExceededError, CostController, GatewayClient, LLMMessage, LLMMonitor

ADDRESS = os.environ.get("LLMRPC_ADDRESS", "localhost:50051")
MODEL = sys.argv[1] if len(sys.argv) > 1 else ""  # empty: the gateway's default

# USD per 1,000 tokens. With prices and max_tokens no call can overspend the budget,
# not even many at once; without prices it is refused once the money is spent.
PRICE = {"input": 0.001, "output": 0.002}


async def main() -> None:
    costs = CostController(daily_budget=0.001, fallback=PRICE)
    monitor = LLMMonitor()
    async with GatewayClient(ADDRESS).with_callbacks(costs, monitor) as client:
        messages = [LLMMessage(role="user", content="Say good morning.")]
        await client.generate_text(messages, model=MODEL, max_tokens=100)
        try:
            await client.generate_text(messages, model=MODEL, max_tokens=100_000)
        except BudgetExceededError as error:
            print(f"Refused: {error}")

    print(f"Spent ${costs.spent:.6f} of ${costs.daily_budget}, by model: {costs.by_model}")
    print(json.dumps(monitor.snapshot().as_dict()["total"], indent=2))


asyncio.run(main())
