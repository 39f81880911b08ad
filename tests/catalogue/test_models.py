"""The data file of models: well-formed, dated, sourced, and of one mind with the prices."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime

import pytest
from genai_prices.data_snapshot import get_snapshot

from llmrpc import v1 as pb
from llmrpc_server.catalogue.models import (
    CAPABILITIES,
    catalogue,
    find_model,
    known_models,
    snapshot_of,
)
from llmrpc_server.catalogue.published import PROVIDERS
from llmrpc_server.providers.registry import ROWS

PAIRS = [(provider, model) for provider in catalogue() for model in known_models(provider)]
ROUNDED = 1_000_000
"""genai-prices writes a round million where a provider says 1,048,576 (Google),
1,047,576 (GPT-4.1) or 1,050,000 (GPT-5.5)."""


def test_capabilities_are_the_contracts() -> None:
    assert [field.name for field in pb.Capabilities.DESCRIPTOR.fields] == list(CAPABILITIES)


@pytest.mark.parametrize("provider", catalogue())
def test_every_provider_has_a_date_and_sources(provider: str) -> None:
    facts = catalogue()[provider]
    assert date(2026, 11, 1) <= facts.as_of <= datetime.now(UTC).date()
    assert facts.sources
    assert all(re.match(r"https://|[\w-]+ [\d.]+\b", source) for source in facts.sources)


def test_the_large_providers_are_there() -> None:
    sizes = {provider: len(known_models(provider)) for provider in catalogue()}
    assert set(sizes) >= {"openai", "anthropic", "google", "mistral", "groq", "deepseek", "xai"}
    assert min(sizes[name] for name in ("openai", "anthropic", "google")) >= 15


@pytest.mark.parametrize("provider", catalogue())
def test_ids_are_unique_and_sizes_possible(provider: str) -> None:
    models = catalogue()[provider].models
    assert len(known_models(provider)) == len(models)
    for model in models:
        assert model.id == model.id.strip() != ""
        context, output = model.context_tokens, model.max_output_tokens
        assert context is None or 1000 <= context <= 10_000_000
        assert output is None or (1000 <= output <= (context or output))


@pytest.mark.parametrize(("provider", "id"), PAIRS)
def test_a_context_is_what_the_prices_say(provider: str, id: str) -> None:
    snapshot = get_snapshot()
    source = snapshot.find_provider(None, PROVIDERS[provider], None)
    found = source.find_model(id, all_providers=snapshot.providers)
    facts = known_models(provider)[id]
    if found is None or found.context_window is None or facts.context_tokens is None:
        return
    if found.context_window == ROUNDED:
        assert ROUNDED <= facts.context_tokens <= 1_050_000
    else:
        assert facts.context_tokens == found.context_window


def test_most_models_are_compared() -> None:
    snapshot = get_snapshot()
    sized = 0
    for provider, model in PAIRS:
        source = snapshot.find_provider(None, PROVIDERS[provider], None)
        found = source.find_model(model, all_providers=snapshot.providers)
        sized += found is not None and found.context_window is not None
    assert sized >= 0.7 * len(PAIRS)


@pytest.mark.parametrize("row", [row for row in ROWS.values() if row.name in catalogue()])
def test_what_a_row_falls_back_to_is_known(row: object) -> None:
    name, model = row.name, row.default_model  # type: ignore[attr-defined]
    assert find_model(name, model) is not None


@pytest.mark.parametrize(
    ("model", "found"),
    [
        ("gpt-5.4", "gpt-5.4"),
        ("gpt-5.4-2026-03-05", "gpt-5.4"),
        ("gpt-5.4-mini-2026-03-17", "gpt-5.4-mini"),
        ("gpt-5.4-latest", "gpt-5.4"),
        ("gpt-5.4-2026-03-05-x", None),
        ("gpt-4o-realtime-preview", None),
        ("gpt-5.4-", None),
        ("-latest", None),
        ("", None),
        ("gpt-5.4" + "x" * 100_000, None),
        ("GPT-5.4", None),
    ],
)
def test_a_snapshot_is_known_by_its_model(model: str, found: str | None) -> None:
    facts = find_model("openai", model)
    assert (facts and facts.id) == found


@pytest.mark.parametrize(
    ("model", "of"),
    [
        ("claude-haiku-4-5-20251001", "claude-haiku-4-5"),
        ("claude-haiku-4-5@20251001", "claude-haiku-4-5"),
        ("gemini-2.5-pro-001", "gemini-2.5-pro"),
        ("ministral-8b-2512", "ministral-8b"),
        ("gpt-5.4", ""),
        ("claude-opus-4-5", ""),
    ],
)
def test_the_marks_of_a_snapshot(model: str, of: str) -> None:
    assert snapshot_of(model) == of


def test_nothing_is_known_of_other_providers() -> None:
    assert find_model("mine", "gpt-5.4") is None
    assert not known_models("mine")
