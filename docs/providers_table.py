"""The providers, from the rows of the registry."""

from __future__ import annotations

from collections.abc import Iterator

from docs.table import table, words
from llmrpc_server.catalogue.rates import BUCKETS
from llmrpc_server.catalogue.tool_prices import tool_catalogue
from llmrpc_server.providers.registry import DIALECTS, ROWS
from llmrpc_server.providers.row import Row


def providers() -> str:
    """The providers, and what enables each."""
    rows = []
    for row in ROWS.values():
        moved = words((row.base_url_env, *row.base_url_aliases))
        rows.append(
            [
                f"[`{row.name}`]({row.docs})",
                words(row.key_env) if row.needs_key else moved,
                _address(row, moved),
                f"`{row.default_model}`"
                if row.default_model
                else "none: the request must name a model",
            ]
        )
    return table(["provider", "enabled by", "base URL (overridden by)", "default model"], rows)


def buckets() -> str:
    """How the tokens of each bucket are priced."""
    rows = (
        [f"`{each.usage}`", ", else ".join(f"`{name}`" for name in each.prices), f"`{each.cost}`"]
        for each in BUCKETS
    )
    return table(["bucket of `Usage`", "price", "item of `Cost`"], rows)


def tool_uses() -> str:
    """What a thousand uses of providers' own tools cost."""
    rows = (
        [
            f"`{provider}`",
            f"`{price.use}`" + (f" ({words(price.models)})" if any(price.models) else ""),
            f"{price.usd_per_thousand}",
            str(facts.as_of),
        ]
        for provider, facts in tool_catalogue().items()
        for price in facts.prices
    )
    return table(
        ["provider", "use (only for models whose names begin with)", "USD for 1,000", "as of"], rows
    )


def options_and_gaps() -> str:
    """The `provider_options` that each accepts, and the places for which it is refused."""
    carried = {name: dialect.carries for name, dialect in DIALECTS.items()}
    fields = frozenset().union(*carried.values())
    rows = (
        [
            f"`{row.name}`" if row is ROWS[row.name] else f"`{row.name}` with `{row.dialect}`",
            words(sorted(row.options)) or "none",
            words(sorted(row.lacks | (fields - carried[row.dialect]))) or "none",
        ]
        for row in _spoken()
    )
    return table(["provider", "options", "lacks"], rows)


def protocols() -> str:
    """The models that a provider serves by a protocol other than its own."""
    rows = (
        [
            f"`{row.name}`",
            f"`{dialect}`",
            words(start for start in row.dialects if row.dialects[start] == dialect),
        ]
        for row in ROWS.values()
        for dialect in dict.fromkeys(row.dialects.values())
    )
    return table(["provider", "protocol", "models whose names begin with"], rows)


def _spoken() -> Iterator[Row]:
    """Each row, and what it is in its other dialects."""
    for row in ROWS.values():
        yield row
        for dialect in row.other_ways:
            yield row.speaking(dialect)


def _address(row: Row, moved: str) -> str:
    if not row.base_url:
        return f"your own, set by {moved}"
    return f"`{row.base_url}` ({moved})" if row.needs_key else f"`{row.base_url}`"
