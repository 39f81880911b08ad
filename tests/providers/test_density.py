"""Bodies of very many values are refused before they are read; text is no value."""

from __future__ import annotations

import json

import pytest

from llmrpc.errors import ProviderNotAvailableError
from llmrpc_server.providers.density import MOST_VALUES, check_values


def test_values_are_counted() -> None:
    check_values(json.dumps([0] * MOST_VALUES).encode())
    for piece, times in (("0,", MOST_VALUES + 1), ("{},", MOST_VALUES // 2 + 1)):
        with pytest.raises(ProviderNotAvailableError, match=str(MOST_VALUES)):
            check_values(f"[{piece * times}0]".encode())


def test_text_has_none() -> None:
    check_values(json.dumps({"a": '[{,\\"' * MOST_VALUES}).encode())


@pytest.mark.parametrize("piece", [b'"', b'\\"', b"\\", b'"\\'])
def test_open_strings_are_read_once(piece: bytes) -> None:
    """It would never end if each were looked for from each of its quotes."""
    marks = b"," * (MOST_VALUES + 1)
    with pytest.raises(ProviderNotAvailableError):
        check_values(marks + piece * MOST_VALUES)
