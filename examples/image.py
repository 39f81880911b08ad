"""An image: a question about a picture (the second argument, else picture.png)."""

import asyncio
import mimetypes
import os
import sys
from pathlib import Path

from llmrpc import GatewayClient, LLMMessage
from llmrpc import v1 as pb

ADDRESS = os.environ.get("LLMRPC_ADDRESS", "localhost:50051")
MODEL = sys.argv[1] if len(sys.argv) > 1 else ""  # empty: the gateway's default
PICTURE = Path(sys.argv[2]) if len(sys.argv) > 2 else Path(__file__).with_name("picture.png")


async def main() -> None:
    media_type, _ = mimetypes.guess_type(PICTURE)
    image = pb.Image(data=PICTURE.read_bytes(), media_type=media_type or "image/png")
    message = LLMMessage(
        role="user",
        parts=[pb.Part(text="What is in this picture?"), pb.Part(image=image)],
    )
    async with GatewayClient(ADDRESS) as client:
        response = await client.generate_text([message], model=MODEL, max_tokens=300)
    print(response.content)
    print(f"({response.prompt_tokens} tokens went in, the picture among them)")


asyncio.run(main())
