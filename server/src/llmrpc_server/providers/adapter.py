"""A provider adapter: its dialects, and the IO around them, as a client."""

from __future__ import annotations

from llmrpc import v1 as pb
from llmrpc.base import BaseLLMClient
from llmrpc.call import ApiKey, Call
from llmrpc.secret import Secret
from llmrpc.stream import EventStream
from llmrpc_server.catalogue.describe import describe
from llmrpc_server.catalogue.models import snapshot_of
from llmrpc_server.catalogue.prices import PriceBook
from llmrpc_server.providers.asking import whole
from llmrpc_server.providers.counting import count_tokens
from llmrpc_server.providers.dialect import Defaults, Listed
from llmrpc_server.providers.dialects import Dialects
from llmrpc_server.providers.exchange import Exchange
from llmrpc_server.providers.http import Upstream
from llmrpc_server.providers.listing import Asked, listed, takes_key
from llmrpc_server.providers.provider import Provider
from llmrpc_server.providers.streaming import UpstreamStream
from llmrpc_server.providers.tokenizer import Tokenizers, at_hand


class ProviderClient(BaseLLMClient):
    """One provider, usable alone or under the gateway's policies.

    Model and key come from `call.target`; without one they are the request's
    model (with or without the provider's prefix) and the constructor's key. An
    upstream that is given stays open when the client is closed.
    """

    def __init__(
        self,
        dialects: Dialects,
        *,
        api_key: str | ApiKey | None = None,
        base_url: str | None = None,
        defaults: Defaults | None = None,
        upstream: Upstream | None = None,
        prices: PriceBook | None = None,
        tokenizers: Tokenizers | None = None,
    ) -> None:
        row = dialects.row
        super().__init__(row.name)
        if isinstance(api_key, str):
            api_key = ApiKey(row.name, Secret(api_key))
        self._owned = upstream is None
        self._provider = Provider(
            dialects=dialects,
            upstream=upstream or Upstream(),
            prices=prices or PriceBook(),
            base_url=(base_url or row.base_url).rstrip("/").removesuffix(row.prefix),
            key=api_key,
            defaults=defaults or Defaults(),
            tokenizers=(tokenizers or at_hand()) if row.tiktoken else None,
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

    async def list_models(self) -> list[pb.Model]:
        """The models that the provider lists, with what the catalogue knows of them.

        Empty where its dialect has no list. Raises `LLMClientError`.
        """
        found = await self.listed(self._provider.key, self._limit)
        prices = self._provider.prices
        models = [describe(self.provider_name, each.id, prices, each) for each in found or ()]
        return sorted(models, key=lambda model: model.name)

    async def listed(self, key: ApiKey | None, seconds: float) -> list[pb.Model] | None:
        """The models as the provider lists them with a key, by their ids and sizes alone.

        None where its dialect has no list.
        """
        found = await listed(self._asked(key), seconds)
        return None if found is None else [_entry(each) for each in found]

    async def validate_api_key(self) -> bool:
        """Whether the provider takes the key; yes where nothing tells without a cost."""
        return await takes_key(self._asked(self._provider.key), self._limit)

    async def validate_model(self, model: str) -> bool:
        """Whether the provider lists a model, or a snapshot of it.

        The provider's own name, and no name, mean its default model.
        """
        name = model.removeprefix(f"{self.provider_name}/")
        if name in ("", self.provider_name):
            return True
        found = await self.listed(self._provider.key, self._limit)
        return found is None or any(name in (each.id, snapshot_of(each.id)) for each in found)

    @property
    def _limit(self) -> float:
        """Seconds that a question without a deadline may take."""
        return self._provider.upstream.stall_timeout

    def _asked(self, key: ApiKey | None) -> Asked:
        provider = self._provider
        return Asked(provider.dialect, provider.upstream, provider.base_url, key)

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


def _entry(model: Listed) -> pb.Model:
    return pb.Model(
        id=model.id,
        context_tokens=_size(model.context_tokens),
        max_output_tokens=_size(model.max_output_tokens),
    )


def _size(tokens: int | None) -> int | None:
    """A size that the contract can carry; some providers write 0 for what has none."""
    return tokens if tokens is not None and 0 < tokens < 2**31 else None
