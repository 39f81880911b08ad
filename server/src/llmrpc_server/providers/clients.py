"""The adapters by name, for applications that use one without the gateway."""

from __future__ import annotations

from llmrpc.call import ApiKey
from llmrpc_server.catalogue.prices import PriceBook
from llmrpc_server.providers.adapter import ProviderClient
from llmrpc_server.providers.dialect import Defaults
from llmrpc_server.providers.dialects import Dialects
from llmrpc_server.providers.http import Upstream
from llmrpc_server.providers.registry import DIALECTS, ROWS
from llmrpc_server.providers.row import Row
from llmrpc_server.providers.tokenizer import Tokenizers


class RowClient(ProviderClient):
    """The adapter for a row: `RowClient(ROWS["groq"], api_key=…)`."""

    def __init__(
        self,
        row: Row,
        api_key: str | ApiKey | None = None,
        base_url: str | None = None,
        *,
        defaults: Defaults | None = None,
        upstream: Upstream | None = None,
        prices: PriceBook | None = None,
        tokenizers: Tokenizers | None = None,
    ) -> None:
        super().__init__(
            Dialects(row, DIALECTS),
            api_key=api_key,
            base_url=base_url,
            defaults=defaults,
            upstream=upstream,
            prices=prices,
            tokenizers=tokenizers,
        )


class OpenAIClient(RowClient):
    """OpenAI, or any server that speaks its Chat Completions at `base_url`."""

    def __init__(self, api_key: str | ApiKey | None = None, base_url: str | None = None) -> None:
        super().__init__(ROWS["openai"], api_key, base_url)


class AnthropicClient(RowClient):
    """Anthropic, or any server that speaks its Messages API below `base_url` + /v1."""

    def __init__(self, api_key: str | ApiKey | None = None, base_url: str | None = None) -> None:
        super().__init__(ROWS["anthropic"], api_key, base_url)


class GoogleAIClient(RowClient):
    """Google's Gemini API, by its own protocol."""

    def __init__(self, api_key: str | ApiKey | None = None, base_url: str | None = None) -> None:
        super().__init__(ROWS["google"], api_key, base_url)
