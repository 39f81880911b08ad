"""Bodies of very many values are refused before they are read; text is no value."""

from __future__ import annotations

import json

import pytest

from llmrpc.errors import ProviderNotAvailableError
from llmrpc_server.providers.density import MANY_VALUES, MOST_VALUES, check_values


def test_values_are_counted() -> None:
    check_values(json.dumps([0] * MANY_VALUES).encode())
    for piece, times in (("0,", MANY_VALUES + 1), ("{},", MANY_VALUES // 2 + 1)):
        with pytest.raises(ProviderNotAvailableError, match=str(MANY_VALUES)):
            check_values(f"[{piece * times}0]".encode())
    with pytest.raises(ProviderNotAvailableError, match=str(MOST_VALUES)):
        check_values(f"[{'1234567,' * (MOST_VALUES + 1)}0]".encode())


def test_log_probabilities_of_a_long_answer_are_no_attack() -> None:
    one = {"token": "a", "logprob": -0.1, "bytes": [97]}
    entry = one | {"top_logprobs": [one] * 20}
    check_values(json.dumps({"content": [entry] * 30_000}, separators=(",", ":")).encode())


def test_text_has_none() -> None:
    check_values(json.dumps({"a": '[{,\\"' * MANY_VALUES}).encode())


@pytest.mark.parametrize("piece", [b'"', b'\\"', b"\\", b'"\\'])
def test_open_strings_are_read_once(piece: bytes) -> None:
    """It would never end if each were looked for from each of its quotes."""
    marks = b"," * (MANY_VALUES + 1)
    with pytest.raises(ProviderNotAvailableError):
        check_values(marks + piece * MANY_VALUES)
