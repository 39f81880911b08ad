"""What uses of providers' own tools cost: the published prices of `tool_prices.toml`."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from functools import cache
from importlib.resources import files

import msgspec


class ToolPrice(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The price of one kind of use."""

    use: str
    """A key of `llmrpc.v1.Usage.tool_uses`."""
    usd_per_thousand: Decimal
    models: tuple[str, ...] = ("",)
    """How the names of the models begin that it holds for."""


class ProviderToolPrices(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What the data file says of a provider's tools, from where and since when."""

    as_of: date
    sources: tuple[str, ...]
    prices: tuple[ToolPrice, ...]


@cache
def tool_catalogue() -> Mapping[str, ProviderToolPrices]:
    """The data file, by our names of providers."""
    data = files(__package__).joinpath("tool_prices.toml").read_bytes()
    return msgspec.toml.decode(data, type=dict[str, ProviderToolPrices])


def tool_prices(provider: str, model: str) -> dict[str, Decimal]:
    """USD per thousand uses, by the kind of use, for one model of a provider."""
    known = tool_catalogue().get(provider)
    prices: dict[str, Decimal] = {}
    for price in known.prices if known else ():
        if model.startswith(price.models):
            prices.setdefault(price.use, price.usd_per_thousand)
    return prices
