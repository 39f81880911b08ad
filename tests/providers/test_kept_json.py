"""JSON that is handed on: what is read of it, and what is left as it is."""

from __future__ import annotations

import json
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from llmrpc_server.providers.kept_json import (
    NOTHING,
    came,
    fields_of,
    json_of,
    plain,
    says,
    write_fields,
)
from llmrpc_server.providers.media import read_image
from llmrpc_server.providers.options import plain as plain_value
from llmrpc_server.providers.options import to_value
from llmrpc_server.providers.tokens import is_count


@pytest.mark.parametrize(
    ("text", "mended"),
    [
        (rb'"\ud83d"', rb'"\ufffd"'),
        (rb'"\uDE00 a"', rb'"\ufffd a"'),
        (rb'"\ud83d\ud83c\udf3f\udf3f"', rb'"\ufffd\ud83c\udf3f\ufffd"'),
        (rb'"\\ud83d \\\ud83d \n"', rb'"\\ud83d \\\ufffd \n"'),
        (rb'{"\ud83d":1e999}', rb'{"\ufffd":1e999}'),
    ],
)
def test_half_a_surrogate_pair_is_no_text(text: bytes, mended: bytes) -> None:
    assert json_of(text) == msgspec.Raw(mended)


@given(st.text(), st.lists(st.sampled_from(["\\ud83d", "\\udf3f", "\\\\", "\\n", "a", "\\u0041"])))
def test_only_halves_are_replaced(text: str, pieces: list[str]) -> None:
    raw = json.dumps(text)[:-1] + "".join(pieces) + '"'
    read = json_of(raw.encode())
    assert read is not None
    wanted = json.loads(raw).encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    assert msgspec.json.decode(read) == wanted


@pytest.mark.parametrize("text", [b"", b"{", b"tru", b'"\\ud8', b"[1,]", b"1 2", b"\xff"])
def test_what_is_no_json_stays_none(text: bytes) -> None:
    assert json_of(text) is None
    assert fields_of(text) is None
    assert isinstance(plain(text), str)


def test_fields_stay_as_they_were_written() -> None:
    fields = fields_of('{"b": 1e999, "a": [ 1 ], "b": -0}')
    assert fields is not None
    assert write_fields(fields) == '{"b":-0,"a":[ 1 ]}'


@pytest.mark.parametrize(("raw", "there", "telling"), [
    ("null", False, False), ("{}", True, False), ("0", True, False), ('""', True, False),
    ("[]", True, False), ("false", True, False), ("1", True, True), ('{"a":1}', True, True),
])  # fmt: skip
def test_whether_a_field_says_something(raw: str, there: bool, telling: bool) -> None:
    assert (came(msgspec.Raw(raw)), says(msgspec.Raw(raw))) == (there, telling)
    assert not came(NOTHING)
    assert not says(NOTHING)


@pytest.mark.parametrize("count", [-1, 2**31, True, 1.0, "1", None, 10**400])
def test_what_is_no_count(count: Any) -> None:
    assert not is_count(count)
    assert is_count(2**31 - 1)


def test_an_integer_of_any_size_is_metadata() -> None:
    assert plain_value(to_value(10**400)) == str(10**400)


def test_only_an_image_that_is_written_again_as_it_came_is_one() -> None:
    image = read_image("iVBORw==", "image/png")
    assert image is not None
    assert (image.data, image.media_type) == (b"\x89PNG", "image/png")
    for data in ("", "iVBORx==", "iVBORw", "größer", "iVBO\nRw=="):
        assert read_image(data, "image/png") is None
