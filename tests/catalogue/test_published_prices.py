"""Our integers against the package's own calculation."""

from __future__ import annotations

import subprocess
import sys
from datetime import UTC, datetime, timedelta

import pytest
from genai_prices.types import ModelPrice, TieredPrices, TimeOfDateConstraint
from hypothesis import given, settings
from hypothesis import strategies as st

from llmrpc import v1 as pb
from llmrpc_server.catalogue.prices import PriceBook
from llmrpc_server.catalogue.published import PROVIDERS
from tests.catalogue.models import (
    AT,
    BUCKETS,
    all_prices,
    models,
    package_nano_usd,
    source,
    usages,
)

BOOK = PriceBook()
MODELS = sorted((provider, model.id) for provider, model in models())
ITEMS = [
    field.name
    for field in pb.Cost.DESCRIPTOR.fields
    if field.name.endswith("_nano_usd") and field.name != "total_nano_usd"
]

times = st.builds(timedelta, seconds=st.integers(-63_072_000, 63_072_000)).map(AT.__add__)


def test_many_models_are_compared() -> None:
    assert len(MODELS) >= 200
    assert len({provider for provider, _ in MODELS}) == 7


@settings(max_examples=400)
@given(st.sampled_from(MODELS), usages, times, st.sampled_from(["", "default", "flex", "priority"]))
def test_any_usage_costs_what_the_package_says(
    model: tuple[str, str], usage: pb.Usage, at: datetime, service_tier: str
) -> None:
    cost = BOOK.price(*model, usage, service_tier=service_tier, at=at.timestamp()).cost
    items = [getattr(cost, item) for item in ITEMS]
    assert cost.total_nano_usd == sum(items)
    assert min(items) >= 0
    expected = package_nano_usd(*model, usage, at, service_tier)
    assert abs(cost.total_nano_usd - expected) <= len(ITEMS) / 2
    assert (cost.price_source, cost.unpriced) == ("genai-prices", False)
    assert cost.price_version


@pytest.mark.parametrize("bucket", BUCKETS)
def test_one_bucket_alone_is_exact(bucket: str) -> None:
    for number, (provider, model) in enumerate(MODELS):
        usage = pb.Usage()
        setattr(usage, bucket, 7 + 1009 * number)
        cost = BOOK.price(provider, model, usage, at=AT.timestamp()).cost
        assert cost.total_nano_usd == round(package_nano_usd(provider, model, usage))


def test_a_long_context_price_begins_behind_its_edge() -> None:
    edges = 0
    for provider, model in models():
        for price in vars(model.get_prices(AT)).values():
            for tier in price.tiers if isinstance(price, TieredPrices) else ():
                for tokens in (tier.start, tier.start + 1):
                    usage = pb.Usage(input_tokens=tokens - 1000, cache_read_tokens=1000)
                    usage.output_tokens = 100
                    cost = BOOK.price(provider, model.id, usage, at=AT.timestamp()).cost
                    expected = package_nano_usd(provider, model.id, usage)
                    assert abs(cost.total_nano_usd - expected) <= len(ITEMS) / 2
                edges += 1
    assert edges > 20


def test_a_price_with_hours_changes_on_the_minute() -> None:
    usage = pb.Usage(input_tokens=1_000_000)
    before = datetime(2026, 11, 20, 0, 59, 59, tzinfo=UTC)
    seen = []
    for at in (before, before + timedelta(seconds=1), before):
        cost = BOOK.price("deepseek", "deepseek-v4-pro", usage, at=at.timestamp()).cost
        assert cost.total_nano_usd == package_nano_usd("deepseek", "deepseek-v4-pro", usage, at)
        seen.append(cost.total_nano_usd)
    assert seen[0] == seen[2] != seen[1]


def test_hours_begin_and_end_on_whole_minutes() -> None:
    hours = [
        time
        for provider in PROVIDERS
        for model in source(provider)
        if not isinstance(model.prices, ModelPrice)
        for price in model.prices
        if isinstance(price.constraint, TimeOfDateConstraint)
        for time in (price.constraint.start_time, price.constraint.end_time)
    ]
    assert hours
    assert all(time.second == time.microsecond == 0 for time in hours)


def test_a_service_tier_has_its_price() -> None:
    usage = pb.Usage(input_tokens=1_000, output_tokens=1_000)
    costs = {
        tier: BOOK.price(
            "openai", "gpt-5", usage, service_tier=tier, at=AT.timestamp()
        ).cost.total_nano_usd
        for tier in ("", "default", "flex", "priority")
    }
    assert costs["flex"] < costs["default"] == costs[""] < costs["priority"]


def test_every_provider_is_in_the_package_and_has_prices() -> None:
    for provider in PROVIDERS:
        assert any(vars(price) for model in source(provider) for price in all_prices(model))


def test_what_a_providers_cloud_sells_is_not_had_by_its_own_protocol() -> None:
    assert BOOK.knows("google", "gemini-3.8-flash")
    assert not BOOK.knows("google", "claude-sonnet-4-5")
    assert BOOK.price("google", "claude-sonnet-4-5", pb.Usage(input_tokens=1)).cost.unpriced


def test_the_package_is_imported_late() -> None:
    program = (
        "import sys; from llmrpc_server.catalogue.prices import PriceBook; book = PriceBook(); "
        "assert 'genai_prices' not in sys.modules; book.load(); "
        "assert 'genai_prices.data' in sys.modules"
    )
    subprocess.run([sys.executable, "-c", program], check=True, timeout=60)
