"""Sentiment as JSON: each review is judged, and the answer is held to a schema."""

import asyncio
import json
import os
import sys

from llmrpc import GatewayClient, build_conversation

ADDRESS = os.environ.get("LLMRPC_ADDRESS", "localhost:50051")
MODEL = sys.argv[1] if len(sys.argv) > 1 else ""  # empty: the gateway's default

INSTRUCTIONS = "Judge the sentiment of the user's review."
REVIEWS = [
    "The staff were kind and the soup was wonderful.",
    "Two hours for a cold pizza. Never again.",
]
SCHEMA = {
    "type": "object",
    "properties": {
        "sentiment": {"type": "string", "enum": ["positive", "neutral", "negative"]},
        "confidence": {"type": "number"},
    },
    "required": ["sentiment", "confidence"],
    "additionalProperties": False,
}


async def main() -> None:
    schema = {"name": "sentiment", "schema": json.dumps(SCHEMA), "strict": True}
    async with GatewayClient(ADDRESS) as client:
        for review in REVIEWS:
            response = await client.generate_text(
                build_conversation(INSTRUCTIONS, review),
                model=MODEL,
                response_format={"json_schema": schema},
            )
            if response.finish_reason != "stop":  # cut off or refused: it may be no JSON
                sys.exit(f"The answer is not whole: {response.finish_reason}")
            found = json.loads(response.content)
            print(f"{found['sentiment']:8}  {found['confidence']:.2f}  {review}")


asyncio.run(main())
