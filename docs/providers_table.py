"""The providers, from the rows of the registry."""

from __future__ import annotations

from docs.table import table, words
from llmrpc_server.catalogue.rates import BUCKETS
from llmrpc_server.providers.registry import DIALECTS, ROWS


def providers() -> str:
    """Who they are and what switches each on."""
    rows = []
    for row in ROWS.values():
        switch = words(row.key_env) if row.needs_key else f"`{row.base_url_env}`"
        moved = f" (`{row.base_url_env}`)" if row.needs_key else ""
        rows.append(
            [
                f"[`{row.name}`]({row.docs})",
                switch,
                f"`{row.base_url}`{moved}",
                f"`{row.default_model}`" if row.default_model else "none: name one",
            ]
        )
    return table(["provider", "switched on by", "address (moved by)", "default model"], rows)


def buckets() -> str:
    """How the tokens of each bucket are priced."""
    rows = (
        [f"`{each.usage}`", ", else ".join(f"`{name}`" for name in each.prices), f"`{each.cost}`"]
        for each in BUCKETS
    )
    return table(["bucket of `Usage`", "price", "item of `Cost`"], rows)


def options_and_gaps() -> str:
    """What each takes of `provider_options`, and what it is refused for."""
    carried = {name: dialect.carries for name, dialect in DIALECTS.items()}
    fields = frozenset().union(*carried.values())
    rows = (
        [
            f"`{row.name}`",
            words(sorted(row.options)) or "none",
            words(sorted(row.lacks | (fields - carried[row.dialect]))) or "none",
        ]
        for row in ROWS.values()
    )
    return table(["provider", "options", "lacks"], rows)
