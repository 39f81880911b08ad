"""A provider of your own in fifteen lines; it needs no gateway."""

import asyncio
from collections.abc import AsyncGenerator
from typing import Any

from llmrpc import BaseLLMClient, LLMMessage, LLMResponse, Messages


class Reverse(BaseLLMClient):
    """Answers with the question backwards."""

    async def generate_text(
        self, messages: Messages, model: str | None = None, *args: Any, **kwargs: Any
    ) -> LLMResponse:
        return LLMResponse(content=messages[-1].content[::-1], model=model or "reverse-1")

    async def stream_text(
        self, messages: Messages, model: str | None = None, *args: Any, **kwargs: Any
    ) -> AsyncGenerator[str, None]:
        for word in messages[-1].content[::-1].split(" "):
            yield word + " "


async def main() -> None:
    messages = [LLMMessage(role="user", content="Hello there")]
    async with Reverse("reverse") as client:
        # The base class gives the rest: contract types, usage, callbacks, a blocking twin.
        response = await client.generate_text(messages)
        print(response.content)
        async for chunk in client.stream_text(messages):
            print(chunk, end="")
        print()


asyncio.run(main())
