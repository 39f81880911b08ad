"""The rows: each fits its dialect, and a wrong one is refused when it is made."""

from __future__ import annotations

from dataclasses import replace

import msgspec
import pytest

from docs.fields import field_names, places
from llmrpc import v1 as pb
from llmrpc_server.providers.dialect import Dialect
from llmrpc_server.providers.registry import DIALECTS, ROWS
from llmrpc_server.providers.row import Row

FIELDS = {field.name for field in pb.GenerateRequest.DESCRIPTOR.fields}
PLACES = {
    ".".join(steps[:depth])
    for steps in (name.split(".") for name in field_names())
    for depth in range(1, len(steps) + 1)
} | {place.replace(".mode ", ".").replace(".role ", ".") for place in places()}
"""What a row may lack: `tools`, `tools.function.strict`, and `tool_choice.none` for a mode."""

SPOKEN = [
    row.speaking(dialect)
    for row in ROWS.values()
    for dialect in dict.fromkeys((row.dialect, *row.dialects.values()))
]
"""Each row in each of its dialects."""


def name(row: Row) -> str:
    return f"{row.name}/{row.dialect}"


@pytest.mark.parametrize("row", SPOKEN, ids=name)
def test_a_row_fits_its_dialect(row: Row) -> None:
    dialect = DIALECTS[row.dialect](row)
    assert dialect.carries <= FIELDS
    lacked = {place.partition(".")[0] for place in row.lacks}
    assert lacked <= dialect.carries, "lacks: what the dialect has no place for is refused anyway"
    assert row.lacks <= PLACES, "lacks: no such place in docs/fields/places.yaml"
    assert row.docs.startswith("https://"), "docs: the page that the row was filled from"
    start = "https://" if row.needs_key else "http://127.0.0.1"
    assert row.base_url.startswith(start) or not row.base_url
    assert row.key_env, "key_env: the name of its key, also where needs_key is False"
    assert row.base_url_env, "base_url_env: the name that moves its address"
    hosted = row.needs_key and row.base_url
    assert row.default_model or not hosted, "default_model: a service with one address has one"


@pytest.mark.parametrize("row", ROWS.values(), ids=lambda row: row.name)
def test_every_way_is_one_with_a_dialect_that_serves_models(row: Row) -> None:
    assert set(row.other_ways) == set(row.dialects.values()) - {row.dialect}
    assert set(row.other_ways) < set(DIALECTS)


@pytest.mark.parametrize("row", SPOKEN, ids=name)
def test_no_option_changes_what_the_decoder_must_read(row: Row) -> None:
    taken = {"n", "stream", "stream_options", "modalities", "audio", "messages", "model", "tools"}
    stateful = {"background", "conversation", "previous_response_id", "prompt", "include", "input"}
    assert not row.options & (taken | stateful)
    assert not (row.dialect == "openai-responses" and "store" in row.options)
    assert not any("." in option for option in row.options)


@pytest.mark.parametrize("quirks", [{"max_token": "x"}, {"efforts": 3}, {"audio": "mp3"}])
def test_a_quirk_that_is_not_known_is_refused(quirks: dict[str, object]) -> None:
    row = replace(ROWS["openai"], quirks=quirks)
    for make in DIALECTS.values():
        assert not takes(make, row), f"{make.__name__} takes {quirks}: see others' `read_quirks`"


def takes(make: type[Dialect], row: Row) -> bool:
    try:
        make(row)
    except msgspec.ValidationError:
        return False
    return True
