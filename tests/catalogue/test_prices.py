"""What a price book promises beside the numbers: sources, overrides, zero and unknown."""

from __future__ import annotations

from decimal import Decimal

import msgspec
import pytest
from genai_prices.data_snapshot import get_snapshot

from llmrpc import v1 as pb
from llmrpc_server.catalogue import published
from llmrpc_server.catalogue.overrides import PriceOverride
from llmrpc_server.catalogue.prices import FREE, PriceBook, usd
from llmrpc_server.catalogue.rates import Rates, Step
from tests.catalogue.models import BUCKETS, models

USAGE = pb.Usage(input_tokens=1_000, output_tokens=500)


def test_a_known_model_by_hand() -> None:
    # gpt-4: 30 USD a million tokens in, 60 out.
    cost = PriceBook().price("openai", "gpt-4", USAGE).cost
    assert (cost.input_nano_usd, cost.output_nano_usd) == (30_000_000, 30_000_000)
    assert usd(cost) == 0.06


@pytest.mark.parametrize(
    ("provider", "model"), [("openai", "no-such"), ("mine", "gpt-4"), ("", "")]
)
def test_an_unknown_price_is_never_zero(provider: str, model: str) -> None:
    cost = PriceBook().price(provider, model, USAGE).cost
    assert cost.unpriced
    assert not cost.HasField("total_nano_usd")
    assert usd(cost) is None


def test_a_model_listed_without_a_price_is_unpriced() -> None:
    assert PriceBook().price("openai", "omni-moderation-latest", USAGE).cost.unpriced


def test_tokens_without_a_price_make_the_call_unpriced() -> None:
    # Whisper has a price per hour of audio and none per token.
    assert PriceBook().price("openai", "whisper-1", USAGE).cost.unpriced


@pytest.mark.parametrize("provider", sorted(FREE))
def test_what_one_runs_oneself_costs_nothing(provider: str) -> None:
    everything = pb.Usage()
    for bucket in BUCKETS:
        setattr(everything, bucket, 3)
    cost = PriceBook().price(provider, "anything", everything).cost
    assert (cost.total_nano_usd, cost.HasField("total_nano_usd")) == (0, True)
    assert (cost.price_source, cost.unpriced) == ("free", False)


@pytest.mark.parametrize("per", ["thousand", "million"])
@pytest.mark.parametrize("provider", ["openai", "ollama", "mine"])
def test_an_override_wins(provider: str, per: str) -> None:
    scale = 1 if per == "thousand" else 1000
    override = msgspec.convert(
        {
            "provider": provider,
            "model": "gpt-4",
            "input": 0.1 * scale,
            "output": 0.3 * scale,
            "cache_read": "0.01" if per == "thousand" else 10,
            "per": per,
        },
        PriceOverride,
    )
    usage = pb.Usage(input_tokens=3, output_tokens=7, cache_read_tokens=11, cache_write_tokens=13)
    cost = PriceBook([override]).price(provider, "gpt-4", usage).cost
    assert cost == pb.Cost(
        total_nano_usd=300_000 + 2_100_000 + 110_000 + 1_300_000,
        input_nano_usd=300_000,
        output_nano_usd=2_100_000,
        cache_read_nano_usd=110_000,
        cache_write_nano_usd=1_300_000,
        price_source="config",
    )


def test_an_override_has_a_price_for_what_costs_more() -> None:
    prices = {"cache_write": 5, "cache_write_1h": 8, "input_audio": 32, "output_audio": 64}
    override = msgspec.convert(
        {"provider": "mine", "model": "m", "input": 4, "output": 16} | prices, PriceOverride
    )
    usage = pb.Usage(
        cache_write_tokens=1, cache_write_1h_tokens=10, input_audio_tokens=3, output_audio_tokens=2
    )
    cost = PriceBook([override]).price("mine", "m", usage).cost
    assert cost.cache_write_nano_usd == 5_000 + 80_000
    assert cost.audio_nano_usd == 3 * 32_000 + 2 * 64_000


def test_either_name_of_a_model_finds_its_price() -> None:
    override = PriceOverride(provider="openai", model="mine", input=Decimal(1), output=Decimal(1))
    book = PriceBook([override])
    assert book.price("openai", "mine", USAGE, answered="gpt-4-0613").cost.price_source == "config"
    assert book.price("openai", "gpt-4", USAGE, answered="mine").cost.price_source == "config"
    dated = book.price("openai", "an-alias-of-its-own", USAGE, answered="gpt-4-0613").cost
    assert dated.total_nano_usd == book.price("openai", "gpt-4", USAGE).cost.total_nano_usd


@pytest.mark.parametrize(
    ("name", "price"), [("input", -1), ("output", "NaN"), ("input_audio", "Infinity")]
)
def test_a_price_that_is_none_is_refused_by_name(name: str, price: object) -> None:
    with pytest.raises(msgspec.ValidationError, match=rf"{name}.*\$\[1\]"):
        msgspec.convert(
            [
                {"provider": "a", "model": "b", "input": 0, "output": 0},
                {"provider": "a", "model": "b", "input": 0, "output": 0, name: price},
            ],
            list[PriceOverride],
        )


@pytest.mark.parametrize(
    ("provider", "model", "known"),
    [
        ("anthropic", "claude-opus-5-5", True),
        ("google", "claude-opus-5-5", False),
        ("google", "gemini-2.5-pro", True),
        ("openai", "claude-opus-5-5", False),
    ],
)
def test_whose_model_a_name_is(provider: str, model: str, known: bool) -> None:
    assert PriceBook().knows(provider, model) is known


def test_an_estimated_usage_gives_an_estimated_cost() -> None:
    usage = pb.Usage(input_tokens=1, estimated=True)
    for provider, model in (("openai", "gpt-4"), ("echo", "echo"), ("openai", "no-such")):
        assert PriceBook().price(provider, model, usage).cost.estimated


def test_items_round_half_to_even() -> None:
    half = Rates.resolve({"input_mtok": [Step.base(Decimal("0.0005"))]}, "s", "v")
    costs = [half.cost(pb.Usage(input_tokens=tokens)) for tokens in range(6)]
    assert [cost and cost.total_nano_usd for cost in costs] == [0, 0, 1, 2, 2, 2]


def test_a_price_per_request_is_an_item() -> None:
    rates = Rates.resolve({"requests_kcount": [Step.base(Decimal(5))]}, "s", "v")
    cost = rates.cost(pb.Usage())
    assert cost is not None
    assert (cost.request_nano_usd, cost.total_nano_usd) == (5_000_000, 5_000_000)


def test_a_second_call_does_not_look_the_price_up_again(monkeypatch: pytest.MonkeyPatch) -> None:
    find, looked_up = published.find, []

    def counted(provider: str, model: str, tier: str, at: float) -> published.Published:
        looked_up.append(model)
        return find(provider, model, tier, at)

    monkeypatch.setattr(published, "find", counted)
    book = PriceBook()
    names = [model.id for provider, model in models() if provider == "openai"]
    for _ in range(3):
        for name in names:
            book.price("openai", name, USAGE, at=0)
    assert looked_up == names


def test_names_from_callers_fill_no_memory() -> None:
    book = PriceBook()
    book.load()
    remembered = len(get_snapshot()._lookup_cache) + len(get_snapshot()._provider_cache)
    for number in range(1100):
        book.price("xai", f"grok-4-{number}", USAGE)
    assert len(book._resolved) == 1024
    assert len(get_snapshot()._lookup_cache) + len(get_snapshot()._provider_cache) <= remembered + 1
