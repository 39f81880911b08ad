"""Costs against a second computation, for every priced model of every provider."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from genai_prices.types import ModelInfo, TieredPrices
from hypothesis import given, settings
from hypothesis import strategies as st

from llmrpc import v1 as pb
from llmrpc_server.catalogue.prices import PriceBook
from llmrpc_server.catalogue.published import PROVIDERS
from tests.catalogue import by_hand
from tests.catalogue.models import AT, BUCKETS, models, usages

BOOK = PriceBook()
MODELS = list(models(PROVIDERS))
NAMES = {(provider, model.id): model for provider, model in MODELS}
SERVED = ("", "default", "standard", "flex", "priority", "batch", "fast", "no-such-tier")

models_ = st.sampled_from(MODELS)
times = st.builds(timedelta, seconds=st.integers(-63_072_000, 63_072_000)).map(AT.__add__)


def check(
    provider: str, model: ModelInfo, usage: pb.Usage, at: datetime = AT, served: str = ""
) -> pb.Cost:
    """The gateway's cost, which is the second computation's, item by item."""
    cost = BOOK.price(provider, model.id, usage, service_tier=served, at=at.timestamp()).cost
    expected = by_hand.cost(model, usage, at, served)
    if expected is None:
        assert cost.unpriced
        assert not cost.HasField("total_nano_usd")
        return cost
    assert (cost.price_source, cost.unpriced) == ("genai-prices", False)
    for name in ("price_source", "price_version"):
        cost.ClearField(name)
    assert cost == expected
    return cost


def test_models_of_all_providers_are_compared() -> None:
    count = {name: sum(provider == name for provider, _ in MODELS) for name in PROVIDERS}
    assert min(count.values()) >= 5
    assert sum(count.values()) - count["openrouter"] - count["together"] >= 200
    assert count["anthropic"] >= 20
    assert count["google"] >= 40


@settings(max_examples=1000)
@given(models_, usages, times, st.sampled_from(SERVED))
def test_any_usage_of_any_model(
    model: tuple[str, ModelInfo], usage: pb.Usage, at: datetime, served: str
) -> None:
    check(*model, usage, at, served)


@pytest.mark.parametrize("bucket", BUCKETS)
def test_every_model_in_every_bucket(bucket: str) -> None:
    for number, (provider, model) in enumerate(MODELS):
        check(provider, model, pb.Usage(**{bucket: 7 + 1009 * number}))  # type: ignore[arg-type]


def test_every_model_served_in_every_way() -> None:
    usage = pb.Usage(**{bucket: 1001 + place for place, bucket in enumerate(BUCKETS)})  # type: ignore[arg-type]
    cheaper, dearer = set(), set()
    for provider, model in MODELS:
        normal = check(provider, model, usage).total_nano_usd
        for served in SERVED:
            total = check(provider, model, usage, served=served).total_nano_usd
            cheaper |= {(provider, served)} if total < normal else set()
            dearer |= {(provider, served)} if total > normal else set()
    assert cheaper >= {
        (name, "batch") for name in ("openai", "anthropic", "google", "mistral", "groq", "xai")
    }
    assert cheaper >= {("openai", "flex"), ("google", "flex")}
    assert dearer >= {("openai", "priority"), ("google", "priority"), ("anthropic", "fast")}
    assert not {served for _, served in cheaper | dearer} & {"", "default", "no-such-tier"}


def test_every_step_for_long_prompts_at_its_edge() -> None:
    edges: dict[str, int] = {}
    for provider, model in MODELS:
        for served in ("", "flex", "batch"):
            for price in by_hand.prices_of(model, AT, served).values():
                for tier in price.tiers if isinstance(price, TieredPrices) else ():
                    totals = []
                    for prompt in (tier.start, tier.start + 1):
                        usage = pb.Usage(
                            input_tokens=prompt - 3000,
                            cache_read_tokens=1000,
                            cache_write_tokens=1000,
                            input_audio_tokens=500,
                            cache_read_audio_tokens=500,
                            output_tokens=100,
                            reasoning_tokens=100,
                        )
                        totals.append(check(provider, model, usage, served=served).total_nano_usd)
                    edges[provider] = edges.get(provider, 0) + (totals[1] > 1.1 * totals[0])
    assert {name for name, count in edges.items() if count} >= {"openai", "google", "openrouter"}


def test_every_minute_of_a_day_with_hours() -> None:
    usage = pb.Usage(input_tokens=1_000_000, cache_read_tokens=1_000_000, output_tokens=1_000_000)
    model = NAMES["deepseek", "deepseek-v4-pro"]
    day = datetime(2026, 11, 20, tzinfo=UTC)
    totals = [
        check("deepseek", model, usage, day + timedelta(minutes=minute)).total_nano_usd
        for minute in range(1440)
    ]
    assert len(set(totals)) > 1


# --- by hand, from the providers' pages ---------------------------------------


def test_an_hours_cache_at_anthropic() -> None:
    # Claude Opus 5.5: 4 USD in, 0.20 read, 5 written for 5 minutes, 8 for an hour, 20 out.
    usage = pb.Usage(
        input_tokens=10,
        cache_read_tokens=1_000,
        cache_write_tokens=100,
        cache_write_1h_tokens=10_000,
        output_tokens=1,
    )
    cost = BOOK.price("anthropic", "claude-opus-5-5", usage, at=AT.timestamp()).cost
    assert cost.input_nano_usd == 10 * 4_000
    assert cost.cache_read_nano_usd == 1_000 * 200
    assert cost.cache_write_nano_usd == 100 * 5_000 + 10_000 * 8_000
    assert cost.output_nano_usd == 20_000


def test_audio_from_the_cache_at_google() -> None:
    # Gemini 2.5 Flash: audio 1 USD in, 0.10 cached; text 0.30 in, 0.03 cached.
    usage = pb.Usage(
        input_tokens=1, cache_read_tokens=10, input_audio_tokens=100, cache_read_audio_tokens=1_000
    )
    cost = BOOK.price("google", "gemini-2.5-flash", usage, at=AT.timestamp()).cost
    assert (cost.input_nano_usd, cost.cache_read_nano_usd) == (300, 300)
    assert cost.audio_nano_usd == 100 * 1_000 + 1_000 * 100


def test_a_long_prompt_at_google() -> None:
    # Gemini 2.5 Pro: 1.25 USD in and 10 out to 200,000 tokens, 2.50 and 15 above.
    for prompt, rate in ((200_000, (1_250, 10_000)), (200_001, (2_500, 15_000))):
        usage = pb.Usage(input_tokens=prompt, output_tokens=1, reasoning_tokens=2)
        cost = BOOK.price("google", "gemini-2.5-pro", usage, at=AT.timestamp()).cost
        assert (cost.input_nano_usd, cost.output_nano_usd) == (prompt * rate[0], 3 * rate[1])


@pytest.mark.parametrize(
    ("provider", "model", "tiered", "read"),
    [
        ("openai", "gpt-5.4", True, 250_000_000),
        ("google", "gemini-2.5-pro", True, 125_000_000),
        ("deepseek", "deepseek-v4-pro", True, None),
        ("anthropic", "claude-opus-5-5", True, 200_000_000),
        ("groq", "openai/gpt-oss-safeguard-20b", False, None),
        ("xai", "grok-4.7", True, None),
        ("openai", "gpt-audio", False, None),
        ("echo", "echo", False, None),
    ],
)
def test_a_base_price(provider: str, model: str, tiered: bool, read: int | None) -> None:
    pricing = BOOK.pricing(provider, model, AT.timestamp())
    assert pricing is not None
    assert pricing.tiered is tiered
    if read is not None:
        assert pricing.cache_read_nano_usd_per_million == read
    low = BOOK.price(provider, model, pb.Usage(input_tokens=1000), at=AT.timestamp()).cost
    assert pricing.input_nano_usd_per_million == low.total_nano_usd * 1000


@pytest.mark.parametrize("model", ["no-such", "whisper-1", "text-embedding-3-small"])
def test_what_has_no_price_for_input_and_output_is_unpriced(model: str) -> None:
    assert BOOK.pricing("openai", model, AT.timestamp()) is None
