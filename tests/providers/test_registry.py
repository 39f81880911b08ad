"""The rows: each fits its dialect, and a wrong one is refused when it is made."""

from __future__ import annotations

from dataclasses import replace

import msgspec
import pytest

from llmrpc import v1 as pb
from llmrpc_server.providers.dialect import Row
from llmrpc_server.providers.registry import DIALECTS, ROWS

FIELDS = {field.name for field in pb.GenerateRequest.DESCRIPTOR.fields}


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
    assert {place.partition(".")[0] for place in row.lacks} <= dialect.carries
    assert row.docs.startswith("https://")
    start = "https://" if row.needs_key else "http://127.0.0.1"
    assert row.base_url.startswith(start) or not row.base_url
    assert row.key_env
    assert row.base_url_env
    assert row.default_model or not (row.needs_key and row.base_url)


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
        with pytest.raises(msgspec.ValidationError):
            make(row)
