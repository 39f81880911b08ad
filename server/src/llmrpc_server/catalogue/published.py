"""Published prices: the data of the genai-prices package.

The package takes half a second and 30 MB to import, so it is imported when it is
first needed. Its own look-ups remember every model name that they ever saw;
names come from callers, so models are found below that memory.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from decimal import Decimal
from functools import cache
from typing import TYPE_CHECKING, NamedTuple

from llmrpc_server.catalogue.rates import Rates, Step
from llmrpc_server.catalogue.tool_prices import tool_prices

if TYPE_CHECKING:
    from genai_prices.types import TieredPrices

SOURCE = "genai-prices"

PROVIDERS: Mapping[str, str] = {
    "anthropic": "anthropic",
    "azure": "azure",
    "deepseek": "deepseek",
    "google": "google",
    "groq": "groq",
    "mistral": "mistral",
    "openai": "openai",
    "openrouter": "openrouter",
    "perplexity": "perplexity",
    "together": "together",
    "xai": "x-ai",
}
"""Our name of a provider, and the package's. One that is not here has no price."""
WAYS = ("service_tier", "processing", "speed")
"""The package's names for how a call was served; providers have one word for it."""

ELSEWHERE: Mapping[str, tuple[str, ...]] = {"google": ("claude",)}
"""How models begin that the package has under a provider, and that are to be had another
way: Google's cloud sells them, its Gemini API does not have them."""


class Published(NamedTuple):
    """What the package says of a model at one time."""

    rates: Rates | None
    """None: no price is known."""
    steady: bool
    """Holds at any time; else the price has a date or hours, and whole minutes."""
    varies: bool = False
    """Another price holds at other hours, or for a call that is served another way."""


def load() -> None:
    """Imports the package and its data. May be called in a thread, and again."""
    from genai_prices.data_snapshot import get_snapshot

    get_snapshot()


@cache
def names(provider: str) -> frozenset[str]:
    """The ids that the package has of a provider's models, without what else it would match."""
    if provider not in PROVIDERS:
        return frozenset()
    from genai_prices.data_snapshot import get_snapshot

    source = get_snapshot().find_provider(None, PROVIDERS[provider], None)
    elsewhere = ELSEWHERE.get(provider, ())
    return frozenset(model.id for model in source.models if not model.id.startswith(elsewhere))


def find(provider: str, model: str, service_tier: str, at: float) -> Published:
    """The price of a model at a time in seconds since 1970."""
    if provider not in PROVIDERS:
        return Published(None, steady=True)
    from genai_prices import __version__
    from genai_prices.data_snapshot import get_snapshot
    from genai_prices.types import ModelPrice, TimeOfDateConstraint

    snapshot = get_snapshot()
    source = snapshot.find_provider(None, PROVIDERS[provider], None)
    found = source.find_model(model, all_providers=snapshot.providers)
    if found is None or found.id.startswith(ELSEWHERE.get(provider, ())):
        return Published(None, steady=True)
    context = dict.fromkeys(WAYS, service_tier) if service_tier else None
    prices = found.get_prices(datetime.fromtimestamp(at, UTC), context)
    steps = {name: _steps(price) for name, price in vars(prices).items() if price is not None}
    variants = found.price_variants or ()
    dated = () if isinstance(found.prices, ModelPrice) else found.prices
    steady = not dated and not (context and any(each.constraint for each in variants))
    varies = any(vars(each.prices) for each in variants) or any(
        isinstance(each.constraint, TimeOfDateConstraint) for each in dated
    )
    tools = tool_prices(provider, model)
    rates = Rates.resolve(steps, SOURCE, __version__, tools) if steps else None
    return Published(rates, steady, varies)


def _steps(price: Decimal | TieredPrices) -> tuple[Step, ...]:
    if isinstance(price, Decimal):
        return (Step.base(price),)
    return (Step.base(price.base), *(Step(tier.start, tier.price) for tier in price.tiers))
