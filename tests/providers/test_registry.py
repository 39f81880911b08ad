"""The rows: each fits its dialect, and a wrong one is refused when it is made."""

from __future__ import annotations

from dataclasses import replace

import msgspec
import pytest

from llmrpc import v1 as pb
from llmrpc_server.providers.registry import DIALECTS, ROWS

FIELDS = {field.name for field in pb.GenerateRequest.DESCRIPTOR.fields}


@pytest.mark.parametrize("name", ROWS)
def test_a_row_fits_its_dialect(name: str) -> None:
    row = ROWS[name]
    dialect = DIALECTS[row.dialect](row)
    assert dialect.carries <= FIELDS
    assert {place.partition(".")[0] for place in row.lacks} <= dialect.carries
    assert row.docs.startswith("https://")
    assert row.base_url.startswith("https://" if row.needs_key else "http://127.0.0.1")
    assert row.key_env
    assert row.base_url_env
    assert row.default_model or not row.needs_key


@pytest.mark.parametrize("name", ROWS)
def test_no_option_changes_what_the_decoder_must_read(name: str) -> None:
    taken = {"n", "stream", "stream_options", "modalities", "audio", "messages", "model", "tools"}
    assert not ROWS[name].options & taken
    assert not any("." in option for option in ROWS[name].options)


@pytest.mark.parametrize("quirks", [{"max_token": "x"}, {"efforts": 3}, {"audio": "mp3"}])
def test_a_quirk_that_is_not_known_is_refused(quirks: dict[str, object]) -> None:
    row = replace(ROWS["openai"], quirks=quirks)
    with pytest.raises(msgspec.ValidationError):
        DIALECTS["openai"](row)
