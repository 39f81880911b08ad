"""What all exchanges with one provider share."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from llmrpc.call import ApiKey
from llmrpc_server.catalogue.models import find_model
from llmrpc_server.catalogue.prices import PriceBook
from llmrpc_server.providers.dialect import Defaults, Dialect
from llmrpc_server.providers.dialects import Dialects
from llmrpc_server.providers.http import URL, Upstream
from llmrpc_server.providers.masking import redactor_for
from llmrpc_server.providers.tokenizer import Tokenizers
from llmrpc_server.redaction import Redactor

KEPT_MODELS = 1024
KEPT_URLS = 1024
"""Addresses of one provider that are kept: one may hold the name of a model, and
callers choose it."""


@dataclass(frozen=True, slots=True)
class Provider:
    """One provider with its dialects, its key and its prices."""

    dialects: Dialects
    upstream: Upstream
    prices: PriceBook
    base_url: str
    key: ApiKey | None = None
    defaults: Defaults = field(default_factory=Defaults)
    tokenizers: Tokenizers | None = None
    urls: dict[str, URL] = field(default_factory=dict)
    tempered: dict[str, bool] = field(default_factory=dict)
    """Whether a model gets the default temperature, as far as it was found out."""
    redactors: dict[tuple[Dialect, ApiKey | None], Redactor] = field(default_factory=dict)

    @property
    def name(self) -> str:
        return self.dialects.row.name

    @property
    def dialect(self) -> Dialect:
        """The dialect for what is no model's alone, such as the list of them."""
        return self.dialects.own

    def defaults_for(self, model: str) -> Defaults:
        """The defaults, without a temperature that a model is not known to take."""
        defaults = self.defaults
        if defaults.temperature is None:
            return defaults
        takes = self.tempered.get(model)
        if takes is None:
            takes = defaults.any_model or _is_known(self, model)
            self.remember(model, takes=takes)
        return defaults if takes else replace(defaults, temperature=None)

    def remember(self, model: str, *, takes: bool) -> None:
        """Notes whether a model takes a temperature."""
        if len(self.tempered) >= KEPT_MODELS:
            del self.tempered[next(iter(self.tempered))]
        self.tempered[model] = takes

    def redactor(self, dialect: Dialect, key: ApiKey | None) -> Redactor:
        """Takes out the secrets that go with a request in this dialect with this key."""
        found = self.redactors.get((dialect, key))
        if found is None:
            found = redactor_for(dialect.row, key, self.upstream)
            self.redactors[dialect, key] = found
        return found

    def url(self, path: str) -> URL:
        """The address of a path of its dialect."""
        url = self.urls.get(path)
        if url is None:
            if len(self.urls) == KEPT_URLS:
                self.urls.clear()
            url = self.urls[path] = URL(self.base_url + path)
        return url


def _is_known(provider: Provider, model: str) -> bool:
    name = provider.name
    return find_model(name, model) is not None or provider.prices.publishes(name, model)
