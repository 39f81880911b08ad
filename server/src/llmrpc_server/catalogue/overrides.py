"""A price that the operator sets, and that wins over a published one."""

from __future__ import annotations

from decimal import Decimal
from typing import Literal

import msgspec


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
    per: Literal["million", "thousand"] = "million"
    """How many tokens the prices are for."""

    def __post_init__(self) -> None:
        for name in ("input", "output", "cache_read", "cache_write"):
            price = getattr(self, name)
            if price is not None and not (price.is_finite() and price >= 0):
                raise ValueError(f"{name}: a price is a number from 0, not {price}")

    def per_million(self) -> dict[str, Decimal]:
        """The prices in USD per million tokens, under the names of `rates`."""
        factor = 1000 if self.per == "thousand" else 1
        prices = {
            "input_mtok": self.input,
            "output_mtok": self.output,
            "cache_read_mtok": self.cache_read,
            "cache_write_mtok": self.cache_write,
        }
        return {name: price * factor for name, price in prices.items() if price is not None}
