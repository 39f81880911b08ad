"""A second computation of costs, straight from the price data and in fractions.

It shares nothing with the gateway but the contract's messages, and nothing with the
package but its data: which price holds when, for which way of serving, from which
length on, and for which tokens is written out here once more.
"""

from __future__ import annotations

from datetime import UTC, datetime
from fractions import Fraction
from typing import Any

from genai_prices.types import ModelInfo, StartDateConstraint, TieredPrices, TimeOfDateConstraint

from llmrpc import v1 as pb


def cost(model: ModelInfo, usage: pb.Usage, at: datetime, served: str = "") -> pb.Cost | None:
    """The items and their sum; None where tokens were used that have no price.

    `served` is the provider's word for how: `flex`, `priority`, `batch`, `fast`, …
    """
    prices = prices_of(model, at, served)
    prompt = (
        usage.input_tokens
        + usage.cache_read_tokens
        + usage.cache_write_tokens
        + usage.cache_write_1h_tokens
        + usage.input_audio_tokens
        + usage.cache_read_audio_tokens
        + usage.input_image_tokens
    )

    def each(*names: str) -> Fraction | None:
        for name in names:
            if prices.get(name) is not None:
                return _at_length(prices[name], prompt)
        return None

    text, answer = each("input_mtok"), each("output_mtok")
    read = each("cache_read_mtok")
    written = each("cache_write_mtok")
    heard = each("input_audio_mtok")
    amounts = {
        "input_nano_usd": [
            (usage.input_tokens, text),
            (usage.input_image_tokens, _first(each("input_image_mtok"), text)),
        ],
        "cache_read_nano_usd": [(usage.cache_read_tokens, _first(read, text))],
        "cache_write_nano_usd": [
            (usage.cache_write_tokens, _first(written, text)),
            (usage.cache_write_1h_tokens, _first(each("cache_write_1h_mtok"), written, text)),
        ],
        "output_nano_usd": [
            (usage.output_tokens, answer),
            (usage.reasoning_tokens, _first(each("output_reasoning_mtok"), answer)),
            (usage.output_image_tokens, _first(each("output_image_mtok"), answer)),
        ],
        "audio_nano_usd": [
            (usage.input_audio_tokens, _first(heard, text)),
            (
                usage.cache_read_audio_tokens,
                _first(each("cache_audio_read_mtok"), read, heard, text),
            ),
            (usage.output_audio_tokens, _first(each("output_audio_mtok"), answer)),
        ],
    }
    result = pb.Cost(request_nano_usd=round((each("requests_kcount") or 0) * 10**6))
    for item, parts in amounts.items():
        if any(count and price is None for count, price in parts):
            return None
        nano = sum(count * (price or 0) * 10**3 for count, price in parts)
        setattr(result, item, round(Fraction(nano)))
    result.total_nano_usd = sum(getattr(result, item) for item in (*amounts, "request_nano_usd"))
    return result


def prices_of(model: ModelInfo, at: datetime, served: str) -> dict[str, Any]:
    """The prices by the data's own names: the last that holds, then those of the way."""
    if isinstance(model.prices, list):
        holding = [each for each in model.prices if _holds(each.constraint, at)]
        prices = dict(vars((holding[-1] if holding else model.prices[0]).prices))
    else:
        prices = dict(vars(model.prices))
    taken: set[str] = set()
    for variant in model.price_variants or ():
        if served and set(variant.when.values()) == {served} and _holds(variant.constraint, at):
            for name, price in vars(variant.prices).items():
                if price is not None and name not in taken:
                    prices[name] = price
                    taken.add(name)
    return prices


def _holds(constraint: object, at: datetime) -> bool:
    match constraint:
        case None:
            return True
        case StartDateConstraint():
            first = constraint.start_date
            return at >= datetime(first.year, first.month, first.day, tzinfo=UTC)
        case TimeOfDateConstraint():
            minute = 60 * at.hour + at.minute
            start, end = (
                60 * time.hour + time.minute - round((time.utcoffset() or _NONE) / _MINUTE)
                for time in (constraint.start_time, constraint.end_time)
            )
            return (minute - start) % 1440 < (end - start) % 1440
        case _:
            raise AssertionError(f"the data has a new constraint: {constraint}")


_NONE = datetime(1970, 1, 1) - datetime(1970, 1, 1)  # noqa: DTZ001 - a difference
_MINUTE = datetime(1970, 1, 1, 0, 1) - datetime(1970, 1, 1)  # noqa: DTZ001 - a difference


def _at_length(price: Any, prompt: int) -> Fraction:
    if isinstance(price, TieredPrices):
        longer = [tier for tier in price.tiers if prompt > tier.start]
        price = max(longer, key=lambda tier: tier.start).price if longer else price.base
    return Fraction(price)


def _first(*prices: Fraction | None) -> Fraction | None:
    return next((price for price in prices if price is not None), None)
