"""What an answer costs: by configured prices first, then by published ones."""

from __future__ import annotations

import time
from collections.abc import Iterable
from decimal import Decimal
from typing import NamedTuple

from llmrpc import v1 as pb
from llmrpc_server.catalogue import published
from llmrpc_server.catalogue.overrides import PriceOverride
from llmrpc_server.catalogue.rates import Rates, Step
from llmrpc_server.catalogue.tool_prices import tool_prices

FREE = frozenset({"echo", "llamacpp", "ollama", "vllm"})
"""Providers that bill nobody: what one runs oneself."""

_ZERO = (Step.base(Decimal(0)),)
_FREE = Rates.resolve({"input_mtok": _ZERO, "output_mtok": _ZERO}, "free", "")
_KEPT = 1024
_BASES = ("input", "cache_read", "cache_write", "output")
"""The buckets of Usage that a base price names, without `_tokens`."""


class _Resolved(NamedTuple):
    rates: Rates | None
    minute: int | None
    """The minute since 1970 that it was resolved for; None: it holds always."""
    varies: bool = False


class Priced(NamedTuple):
    """What a usage costs, and what of it is not in that."""

    cost: pb.Cost
    unpriced_tools: list[str]
    """Uses of provider tools without a price, by their names in `tool_uses`."""


class PriceBook:
    """Prices of models, resolved once each and then a matter of integers.

    Overrides win over everything; of two for one model the later one counts.
    """

    def __init__(self, overrides: Iterable[PriceOverride] = ()) -> None:
        self._overrides = {(each.provider, each.model): _configured(each) for each in overrides}
        self._resolved: dict[tuple[str, str, str, str], _Resolved] = {}

    def load(self) -> None:
        """Reads the published prices, for half a second: call it in a thread at the start.

        Without it the first call of `price` that needs them does.
        """
        published.load()

    def price(
        self,
        provider: str,
        model: str,
        usage: pb.Usage,
        *,
        answered: str = "",
        service_tier: str = "",
        at: float | None = None,
    ) -> Priced:
        """What `usage` costs, or `unpriced` without a total where no price is known.

        `model` is what was asked for and `answered` what the provider said that
        it was; a price for either will do. `service_tier` is the provider's word
        for how it served the call. `at` is when the call began, in seconds since
        1970, and now by default: some prices have hours.
        """
        key = (provider, model, answered, service_tier)
        at = time.time() if at is None else at
        resolved = self._resolved.get(key)
        if resolved is None or resolved.minute not in (None, at // 60):
            resolved = self._resolve(key, at)
            if key not in self._resolved and len(self._resolved) >= _KEPT:
                del self._resolved[next(iter(self._resolved))]
            self._resolved[key] = resolved
        rates = resolved.rates
        cost = None if rates is None else rates.cost(usage)
        if rates is None or cost is None:
            return Priced(pb.Cost(unpriced=True, estimated=usage.estimated), [])
        return Priced(cost, rates.unpriced_tools(usage) if usage.tool_uses else [])

    def knows(self, provider: str, model: str) -> bool:
        """Whether a price of the provider's own is known for a model's name."""
        return (provider, model) in self._overrides or self.publishes(provider, model)

    def publishes(self, provider: str, model: str) -> bool:
        """Whether the published prices name a model, which then is no operator's own."""
        return published.find(provider, model, "", time.time()).rates is not None

    def pricing(self, provider: str, model: str, at: float | None = None) -> pb.Pricing | None:
        """The base price of a model; None where input or output has none.

        Nothing is remembered of it, so it may be called in a thread.
        """
        resolved = self._resolve((provider, model, "", ""), time.time() if at is None else at)
        rates = resolved.rates
        if rates is None:
            return None
        price = {name: rates.per_million(f"{name}_tokens") for name in _BASES}
        if price["input"] is None or price["output"] is None:
            return None
        pricing = pb.Pricing(
            price_source=rates.source,
            price_version=rates.version,
            tiered=resolved.varies or len(rates.steps) > 1,
        )
        for name, amount in price.items():
            if amount is not None and (name in ("input", "output") or amount != price["input"]):
                setattr(pricing, f"{name}_nano_usd_per_million", amount)
        return pricing

    def _resolve(self, key: tuple[str, str, str, str], at: float) -> _Resolved:
        provider, model, answered, service_tier = key
        for name in (model, answered):
            override = self._overrides.get((provider, name))
            if override is not None:
                return _Resolved(override, None)
        if provider in FREE:
            return _Resolved(_FREE, None)
        steady = True
        for name in filter(None, (answered, model)):
            found = published.find(provider, name, service_tier, at)
            steady &= found.steady
            if found.rates is not None:
                return _Resolved(found.rates, None if steady else int(at // 60), found.varies)
        return _Resolved(None, None if steady else int(at // 60))


def _configured(override: PriceOverride) -> Rates:
    steps = {name: (Step.base(price),) for name, price in override.per_million().items()}
    tools = tool_prices(override.provider, override.model) | override.tools
    return Rates.resolve(steps, "config", "", tools)


def usd(cost: pb.Cost) -> float | None:
    """The total in USD, for `LLMResponse.cost_estimate`; None where nothing is priced."""
    return cost.total_nano_usd / 10**9 if cost.HasField("total_nano_usd") else None
