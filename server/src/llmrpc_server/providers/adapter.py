"""A provider adapter: a dialect, and the IO around it, as a client."""

from __future__ import annotations

from llmrpc import v1 as pb
from llmrpc.base import BaseLLMClient
from llmrpc.call import ApiKey, Call
from llmrpc.secret import Secret
from llmrpc.stream import EventStream
from llmrpc_server.catalogue.prices import PriceBook
from llmrpc_server.providers.counting import count_tokens
from llmrpc_server.providers.dialect import Defaults, Dialect
from llmrpc_server.providers.exchange import Exchange, Provider
from llmrpc_server.providers.http import Upstream
from llmrpc_server.providers.streaming import UpstreamStream, whole
from llmrpc_server.providers.tokenizer import Tokenizers, at_hand


class ProviderClient(BaseLLMClient):
    """One provider, usable alone or under the gateway's policies.

    Model and key come from `call.target`; without one they are the request's
    model (with or without the provider's prefix) and the constructor's key. An
    upstream that is given stays open when the client is closed.
    """

    def __init__(
        self,
        dialect: Dialect,
        *,
        api_key: str | ApiKey | None = None,
        base_url: str | None = None,
        defaults: Defaults | None = None,
        upstream: Upstream | None = None,
        prices: PriceBook | None = None,
        tokenizers: Tokenizers | None = None,
    ) -> None:
        super().__init__(dialect.row.name)
        if isinstance(api_key, str):
            api_key = ApiKey(dialect.row.name, Secret(api_key))
        self._owned = upstream is None
        self._provider = Provider(
            dialect=dialect,
            upstream=upstream or Upstream(),
            prices=prices or PriceBook(),
            base_url=(base_url or dialect.row.base_url).rstrip("/"),
            key=api_key,
            defaults=defaults or Defaults(),
            tokenizers=(tokenizers or at_hand()) if dialect.row.tiktoken else None,
        )

    async def generate(
        self, request: pb.GenerateRequest, call: Call | None = None
    ) -> pb.LLMResponse:
        return await whole(Exchange(self._provider, request, call or Call(), stream=False))

    async def open_stream(
        self, request: pb.GenerateRequest, call: Call | None = None
    ) -> EventStream:
        return await UpstreamStream.open(
            Exchange(self._provider, request, call or Call(), stream=True)
        )

    async def count_tokens(
        self, request: pb.GenerateRequest, call: Call | None = None
    ) -> pb.CountTokensResponse:
        return await count_tokens(self._provider, request, call or Call())

    def _count_tokens_accurate(self, text: str, model: str) -> int:
        """The model's own count where its tokenizer is at hand, else the estimate.

        Nothing is fetched and no provider asked.
        """
        tokenizers = self._provider.tokenizers
        tokens = None if tokenizers is None else tokenizers.count(text, model)
        return self._count_tokens_estimate(text) if tokens is None else tokens

    async def close(self) -> None:
        if self._owned:
            await self._provider.upstream.close()
