"""A price that the operator sets, and that wins over a published one."""

from __future__ import annotations

from decimal import Decimal
from typing import Literal

import msgspec

_PRICES = (
    "input",
    "output",
    "cache_read",
    "cache_write",
    "cache_write_1h",
    "input_audio",
    "output_audio",
)


class PriceOverride(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What one model of one provider costs, in USD per so many tokens.

    Raises `ValueError` for a price that is negative or no number.
    """

    provider: str
    """As in `provider/model`."""
    model: str
    """As a caller or the provider names it, whole."""
    input: Decimal
    """For input in no other bucket."""
    output: Decimal
    """For output, reasoning included."""
    cache_read: Decimal | None = None
    """Absent: cached input costs what other input does."""
    cache_write: Decimal | None = None
    """Absent: written input costs what other input does."""
    cache_write_1h: Decimal | None = None
    """For what is kept an hour. Absent: as `cache_write`."""
    input_audio: Decimal | None = None
    """Absent: heard input costs what other input does."""
    output_audio: Decimal | None = None
    """Absent: spoken output costs what other output does."""
    tools: dict[str, Decimal] = {}
    """For each thousand uses of a provider's tool, by its name in `Usage.tool_uses`. Absent:
    the published price."""
    per: Literal["million", "thousand"] = "million"
    """How many tokens the prices are for."""

    def __post_init__(self) -> None:
        for name in _PRICES:
            price = getattr(self, name)
            if price is not None and not (price.is_finite() and price >= 0):
                raise ValueError(f"{name}: a price is a number from 0, not {price}")
        for name, price in self.tools.items():
            if not (price.is_finite() and price >= 0):
                raise ValueError(f"tools: the price of {name} is a number from 0, not {price}")

    def per_million(self) -> dict[str, Decimal]:
        """The prices in USD per million tokens, under the names of `rates`."""
        factor = 1000 if self.per == "thousand" else 1
        prices = {f"{name}_mtok": getattr(self, name) for name in _PRICES}
        return {name: price * factor for name, price in prices.items() if price is not None}
