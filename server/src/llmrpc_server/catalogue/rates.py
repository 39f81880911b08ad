"""Prices resolved to integers, and what a usage costs in them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from math import lcm
from typing import Any, NamedTuple, Self, cast

from llmrpc import v1 as pb

_NANO = 10**9
_BASE = -1


class Step(NamedTuple):
    """A price in USD that holds where the whole input has more than `above` tokens."""

    above: int
    price: Decimal

    @classmethod
    def base(cls, price: Decimal) -> Self:
        """A price from the first token."""
        return cls(_BASE, price)


class _Bucket(NamedTuple):
    """Where the tokens of one bucket of Usage are priced and accounted."""

    usage: str
    cost: str
    prices: tuple[str, ...]
    """Names of the price it can have, the most specific first."""


# genai-prices counts inclusive totals and takes the more specific ones out of
# the wider. These buckets are disjoint, so the first name that has a price
# prices the same tokens. Input comes first: its sum picks the step.
BUCKETS = (
    _Bucket("input_tokens", "input_nano_usd", ("input_mtok",)),
    _Bucket("cache_read_tokens", "cache_read_nano_usd", ("cache_read_mtok", "input_mtok")),
    _Bucket("cache_write_tokens", "cache_write_nano_usd", ("cache_write_mtok", "input_mtok")),
    _Bucket(
        "cache_write_1h_tokens",
        "cache_write_nano_usd",
        ("cache_write_1h_mtok", "cache_write_mtok", "input_mtok"),
    ),
    _Bucket("input_audio_tokens", "audio_nano_usd", ("input_audio_mtok", "input_mtok")),
    _Bucket(
        "cache_read_audio_tokens",
        "audio_nano_usd",
        ("cache_audio_read_mtok", "cache_read_mtok", "input_audio_mtok", "input_mtok"),
    ),
    _Bucket("input_image_tokens", "input_nano_usd", ("input_image_mtok", "input_mtok")),
    _Bucket("output_tokens", "output_nano_usd", ("output_mtok",)),
    _Bucket("reasoning_tokens", "output_nano_usd", ("output_reasoning_mtok", "output_mtok")),
    _Bucket("output_audio_tokens", "audio_nano_usd", ("output_audio_mtok", "output_mtok")),
    _Bucket("output_image_tokens", "output_nano_usd", ("output_image_mtok", "output_mtok")),
)
_PLACES = {bucket.usage: place for place, bucket in enumerate(BUCKETS)}
_INPUTS = sum(bucket.prices[-1] == "input_mtok" for bucket in BUCKETS)


@dataclass(frozen=True, slots=True)
class Rates:
    """What one model costs: integers over one denominator, in nano-USD."""

    source: str
    version: str
    denominator: int
    request: int
    """For each request; a numerator, as the rates are."""
    steps: tuple[tuple[int, tuple[int | None, ...]], ...]
    """`above`, descending, and a rate for each bucket; None where it has no price."""
    tools: Mapping[str, int] | None
    """For each use of a provider's tool, by its name in `tool_uses`; None: none costs."""

    @classmethod
    def resolve(
        cls,
        prices: Mapping[str, Sequence[Step]],
        source: str,
        version: str,
        tools: Mapping[str, Decimal] | None = None,
    ) -> Self:
        """Rates from prices in USD per million tokens, and `requests_kcount` per thousand.

        The steps of a price ascend and begin with its base. `tools` are in USD per
        thousand uses.
        """
        starts = sorted({step.above for steps in prices.values() for step in steps}, reverse=True)
        table = [[_rate(prices, bucket.prices, above) for bucket in BUCKETS] for above in starts]
        request = Fraction(_at(prices.get("requests_kcount", ()), _BASE) or 0) * _NANO / 10**3
        uses = {name: Fraction(price) * _NANO / 10**3 for name, price in (tools or {}).items()}
        rates = [rate for row in table for rate in row if rate is not None]
        every = (request, *uses.values(), *rates)
        denominator = lcm(*(rate.denominator for rate in every))
        return cls(
            source=source,
            version=version,
            denominator=denominator,
            request=int(request * denominator),
            steps=tuple(
                (above, tuple(None if rate is None else int(rate * denominator) for rate in row))
                for above, row in zip(starts, table, strict=True)
            ),
            tools=None
            if tools is None
            else {name: int(rate * denominator) for name, rate in uses.items()},
        )

    def cost(self, usage: pb.Usage) -> pb.Cost | None:
        """The cost of one request, each item rounded half to even, the total their sum.

        None where tokens were used that have no price. A use of a tool that has none is
        left out, and makes the cost an estimate.
        """
        counts = [
            (_PLACES[bucket.name], count)
            for bucket, count in usage.ListFields()
            if bucket.name in _PLACES
        ]
        rates = self._rates(counts)
        request, estimated = self.request, usage.estimated
        if usage.tool_uses and self.tools is not None:
            request += sum(self.tools.get(name, 0) * uses for name, uses in usage.tool_uses.items())
            estimated = estimated or bool(self.unpriced_tools(usage))
        sums = {"request_nano_usd": request} if request else {}
        for place, count in counts:
            rate = rates[place] if rates else None
            if rate is None:
                return None
            item = BUCKETS[place].cost
            sums[item] = sums.get(item, 0) + count * rate
        items = {item: _rounded(amount, self.denominator) for item, amount in sums.items()}
        return pb.Cost(
            total_nano_usd=sum(items.values()),
            estimated=estimated,
            price_source=self.source,
            price_version=self.version,
            **cast(dict[str, Any], items),
        )

    def unpriced_tools(self, usage: pb.Usage) -> list[str]:
        """The uses of tools that have no price, in the order of their names."""
        if self.tools is None:
            return []
        return sorted(name for name, uses in usage.tool_uses.items() if name not in self.tools)

    def _rates(self, counts: Sequence[tuple[int, int]]) -> tuple[int | None, ...]:
        """The rates of the step that the whole input is in; most models have one step."""
        if len(self.steps) == 1 and self.steps[0][0] == _BASE:
            return self.steps[0][1]
        prompt = sum(count for place, count in counts if place < _INPUTS)
        return next((row for above, row in self.steps if prompt > above), ())

    def per_million(self, bucket: str) -> int | None:
        """The base price of a bucket of Usage in nano-USD per million tokens, rounded."""
        rate = self.steps[-1][1][_PLACES[bucket]] if self.steps else None
        return None if rate is None else _rounded(rate * 10**6, self.denominator)


def _rate(
    prices: Mapping[str, Sequence[Step]], names: Sequence[str], above: int
) -> Fraction | None:
    """Nano-USD per token, by the first of `names` that has a price."""
    for name in names:
        price = _at(prices.get(name, ()), above)
        if price is not None:
            return Fraction(price) * _NANO / 10**6
    return None


def _at(steps: Sequence[Step], above: int) -> Decimal | None:
    """The price that holds in the step that begins at `above`."""
    return next((step.price for step in reversed(steps) if step.above <= above), None)


def _rounded(numerator: int, denominator: int) -> int:
    """The nearest integer; of two as near, the even one."""
    quotient, rest = divmod(numerator, denominator)
    return quotient + (2 * rest + (quotient & 1) > denominator)
