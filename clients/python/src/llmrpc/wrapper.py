"""A client around a client: what every policy is."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Awaitable, Callable
from typing import TypeVar

from llmrpc import v1 as pb
from llmrpc.base import BaseLLMClient
from llmrpc.batch_items import BatchItems
from llmrpc.call import Call
from llmrpc.stream import EventStream

T = TypeVar("T")


class WrapperClient(BaseLLMClient):
    """Hands everything to `inner`; a policy overrides what it changes.

    It owns the inner client: closing it closes that one.
    """

    def __init__(self, inner: BaseLLMClient) -> None:
        super().__init__(inner.provider_name)
        self.inner = inner

    async def around(
        self, request: pb.GenerateRequest, call: Call, once: Callable[[Call], Awaitable[T]]
    ) -> T:
        """What a policy does to whole answers and streams alike.

        `once(call)` sends the request to `inner`. It gives the answer, or a stream
        whose first delta is at hand, and may be awaited again when it raised.
        """
        return await once(call)

    async def generate(
        self, request: pb.GenerateRequest, call: Call | None = None
    ) -> pb.LLMResponse:
        return await self.around(
            request, call or Call(), lambda call: self.inner.generate(request, call)
        )

    async def open_stream(
        self, request: pb.GenerateRequest, call: Call | None = None
    ) -> EventStream:
        return await self.around(
            request, call or Call(), lambda call: self.inner.open_stream(request, call)
        )

    async def count_tokens(
        self, request: pb.GenerateRequest, call: Call | None = None
    ) -> pb.CountTokensResponse:
        return await self.around(
            request, call or Call(), lambda call: self.inner.count_tokens(request, call)
        )

    async def list_models(self) -> list[pb.Model]:
        return await self.inner.list_models()

    async def validate_api_key(self) -> bool:
        return await self.inner.validate_api_key()

    async def validate_model(self, model: str) -> bool:
        return await self.inner.validate_model(model)

    def batch(
        self, items: BatchItems, call: Call | None = None
    ) -> AsyncGenerator[pb.BatchResult, None]:
        return self.inner.batch(items, call)

    async def health(self, service: str = "", call: Call | None = None) -> str:
        return await self.inner.health(service, call)

    async def close(self) -> None:
        await self.inner.close()
