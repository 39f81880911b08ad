"""Priced models of the genai-prices package, and its own price of one of our usages."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from fractions import Fraction

import genai_prices
from genai_prices.data_snapshot import get_snapshot
from genai_prices.types import ModelInfo, ModelPrice
from hypothesis import strategies as st

from llmrpc import v1 as pb
from llmrpc_server.catalogue.published import ELSEWHERE, PROVIDERS

AT = datetime(2026, 11, 20, 12, tzinfo=UTC)
COMPARED = ("anthropic", "deepseek", "google", "groq", "mistral", "openai", "xai")
BUCKETS = [
    field.name
    for field in pb.Usage.DESCRIPTOR.fields
    if field.name not in ("estimated", "tool_uses")
]

counts = st.one_of(st.just(0), st.integers(0, 5_000), st.integers(0, 2_000_000))
usages = st.builds(pb.Usage, **dict.fromkeys(BUCKETS, counts))


def models(providers: Iterable[str] = COMPARED) -> Iterator[tuple[str, ModelInfo]]:
    """Models that take and give text and are called by their own id, with their provider."""
    for provider in providers:
        for model in source(provider):
            prices = vars(model.get_prices(AT))
            text = prices.get("input_mtok") is not None and prices.get("output_mtok") is not None
            ours = not model.id.startswith(ELSEWHERE.get(provider, ()))
            if text and ours and model.is_match(model.id):
                yield provider, model


def source(provider: str) -> list[ModelInfo]:
    return get_snapshot().find_provider(None, PROVIDERS[provider], None).models


def all_prices(model: ModelInfo) -> list[ModelPrice]:
    if isinstance(model.prices, ModelPrice):
        return [model.prices]
    return [each.prices for each in model.prices]


def package_nano_usd(
    provider: str, model: str, usage: pb.Usage, at: datetime = AT, service_tier: str = ""
) -> Fraction:
    """The package's price in nano-USD, from the inclusive totals that it wants."""
    cached_audio = usage.cache_read_audio_tokens
    inputs = (
        usage.input_tokens
        + usage.cache_read_tokens
        + usage.cache_write_tokens
        + usage.cache_write_1h_tokens
        + usage.input_audio_tokens
        + cached_audio
        + usage.input_image_tokens
    )
    outputs = (
        usage.output_tokens
        + usage.reasoning_tokens
        + usage.output_audio_tokens
        + usage.output_image_tokens
    )
    priced = genai_prices.calc_price(
        genai_prices.Usage(
            input_tokens=inputs,
            cache_read_tokens=usage.cache_read_tokens + cached_audio,
            cache_write_tokens=usage.cache_write_tokens + usage.cache_write_1h_tokens,
            cache_write_1h_tokens=usage.cache_write_1h_tokens,
            input_audio_tokens=usage.input_audio_tokens + cached_audio,
            cache_audio_read_tokens=cached_audio,
            input_image_tokens=usage.input_image_tokens,
            cache_image_read_tokens=0,
            output_tokens=outputs,
            output_reasoning_tokens=usage.reasoning_tokens,
            output_audio_tokens=usage.output_audio_tokens,
            output_image_tokens=usage.output_image_tokens,
        ),
        model,
        provider_id=PROVIDERS[provider],
        genai_request_timestamp=at,
        price_context={"service_tier": service_tier} if service_tier else None,
    )
    return Fraction(priced.total_price) * 10**9
