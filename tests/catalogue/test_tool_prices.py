"""What uses of providers' own tools cost, by hand."""

from __future__ import annotations

from decimal import Decimal

import msgspec
import pytest

from llmrpc import v1 as pb
from llmrpc_server.catalogue.overrides import PriceOverride
from llmrpc_server.catalogue.prices import FREE, PriceBook
from llmrpc_server.catalogue.rates import Rates, Step
from llmrpc_server.catalogue.tool_prices import tool_catalogue, tool_prices
from llmrpc_server.providers.registry import ROWS

BOOK = PriceBook()


def used(**uses: int) -> pb.Usage:
    return pb.Usage(input_tokens=1_000, output_tokens=500, tool_uses=uses)


@pytest.mark.parametrize(
    ("provider", "model", "uses", "nano_usd"),
    [
        # a thousand of each: 10, 2.50, 30, 14, 35, 25, 5 USD
        ("anthropic", "claude-sonnet-4-5", {"web_search_requests": 3}, 30_000_000),
        ("anthropic", "claude-sonnet-4-5", {"web_fetch_requests": 9}, 0),
        ("openai", "gpt-4", {"web_search_calls": 1, "file_search_calls": 7}, 27_500_000),
        ("openai", "gpt-4", {"code_interpreter_sessions": 2}, 60_000_000),
        ("google", "gemini-3.8-flash", {"web_search_queries": 5}, 70_000_000),
        ("google", "gemini-2.5-pro", {"web_search_prompts": 1}, 35_000_000),
        ("google", "gemini-2.5-pro", {"google_maps_prompts": 1}, 25_000_000),
        ("xai", "grok-4", {"web_search_calls": 2, "code_interpreter_calls": 1}, 15_000_000),
        ("xai", "grok-4", {"x_search_calls": 4, "x_posts_fetched": 53, "x_users_fetched": 6},
         53 * 5_000_000 + 6 * 10_000_000),
        ("xai", "grok-4", {"mcp_calls": 8}, 0),
    ],
)  # fmt: skip
def test_uses_cost_beside_the_tokens(
    provider: str, model: str, uses: dict[str, int], nano_usd: int
) -> None:
    without = BOOK.price(provider, model, used()).cost
    cost, unpriced = BOOK.price(provider, model, used(**uses))
    assert (cost.request_nano_usd, unpriced, cost.estimated) == (nano_usd, [], False)
    assert cost.total_nano_usd == without.total_nano_usd + nano_usd
    assert cost.input_nano_usd == without.input_nano_usd > 0


@pytest.mark.parametrize(
    ("provider", "model", "use"),
    [
        ("anthropic", "claude-sonnet-4-5", "code_execution_requests"),
        ("openai", "gpt-4", "image_generation_calls"),
        ("google", "gemini-3.8-flash", "google_maps_prompts"),
        ("groq", "llama-3.3-70b-versatile", "web_search_requests"),
    ],
)
def test_a_use_without_a_price_is_named_and_makes_an_estimate(
    provider: str, model: str, use: str
) -> None:
    cost, unpriced = BOOK.price(provider, model, used(**{use: 2, "another": 1}))
    assert unpriced == sorted([use, "another"])
    assert cost.estimated
    assert cost.total_nano_usd == BOOK.price(provider, model, used()).cost.total_nano_usd


def test_a_model_without_a_price_has_none_for_its_tools_either() -> None:
    cost, unpriced = BOOK.price("openai", "no-such", used(web_search_calls=1))
    assert (cost.unpriced, cost.HasField("total_nano_usd"), unpriced) == (True, False, [])


@pytest.mark.parametrize("provider", sorted(FREE))
def test_what_one_runs_oneself_has_tools_for_nothing(provider: str) -> None:
    cost, unpriced = BOOK.price(provider, "anything", used(anything=7))
    assert (cost.total_nano_usd, cost.estimated, unpriced) == (0, False, [])


@pytest.mark.parametrize("per", ["thousand", "million"])
def test_an_override_wins_for_the_tools_that_it_names(per: str) -> None:
    override = msgspec.convert(
        {
            "provider": "anthropic",
            "model": "claude-sonnet-4-5",
            "input": 0,
            "output": 0,
            "per": per,
            "tools": {"web_search_requests": "7.5", "code_execution_requests": 1},
        },
        PriceOverride,
    )
    uses = {"web_search_requests": 2, "code_execution_requests": 3, "web_fetch_requests": 5}
    cost, unpriced = PriceBook([override]).price("anthropic", "claude-sonnet-4-5", used(**uses))
    assert (cost.total_nano_usd, unpriced) == (2 * 7_500_000 + 3 * 1_000_000, [])


@pytest.mark.parametrize("price", [-1, "NaN"])
def test_a_tools_price_that_is_none_is_refused_by_name(price: object) -> None:
    wrong = {"provider": "a", "model": "b", "input": 0, "output": 0, "tools": {"search": price}}
    with pytest.raises(msgspec.ValidationError, match="the price of search is a number from 0"):
        msgspec.convert(wrong, PriceOverride)


def test_requests_and_uses_are_one_item_rounded_half_to_even() -> None:
    free = {"input_mtok": [Step.base(Decimal(0))]}
    half = Rates.resolve(free, "s", "v", {"search": Decimal("0.0000005")})
    costs = [half.cost(pb.Usage(tool_uses={"search": uses})) for uses in range(6)]
    assert [cost and cost.request_nano_usd for cost in costs] == [0, 0, 1, 2, 2, 2]
    both = {"requests_kcount": [Step.base(Decimal("0.0000005"))]}
    cost = Rates.resolve(both, "s", "v", {"search": Decimal("0.0000005")}).cost(
        pb.Usage(tool_uses={"search": 2})
    )
    assert cost is not None
    assert (cost.request_nano_usd, cost.total_nano_usd) == (2, 2)


@pytest.mark.parametrize("provider", tool_catalogue())
def test_the_data_says_of_whom_since_when_and_from_where(provider: str) -> None:
    facts = tool_catalogue()[provider]
    assert provider in ROWS
    assert facts.as_of.year >= 2026
    assert facts.sources
    assert all(price.usd_per_thousand >= 0 for price in facts.prices)


def test_the_first_price_that_fits_holds() -> None:
    assert tool_prices("perplexity", "sonar-deep-research") == {"num_search_queries": Decimal(5)}
    assert tool_prices("perplexity", "sonar-pro") == {}
    assert tool_prices("mine", "gpt-4") == {}
