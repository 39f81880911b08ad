"""What is read of JSON whose fields are of odd types."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from llmrpc_server.providers.dialect import Answer
from llmrpc_server.providers.kept_json import NOTHING, decode_whole
from llmrpc_server.providers.loose import read_loosely, warn_of
from llmrpc_server.providers.tokens import Tokens


class Inner(msgspec.Struct, rename="camel"):
    some_count: Tokens = None
    word: str | None = None


class Outer(msgspec.Struct):
    count: Tokens = None
    text: str | None = None
    inner: Inner | None = None
    many: list[Inner] | None = None
    raw: msgspec.Raw = NOTHING
    place: int | float | str | None = 0


def read(said: Any, *content: str) -> tuple[Outer, list[str]]:
    return read_loosely(msgspec.json.encode(said), Outer, frozenset(content))


@pytest.mark.parametrize("odd", [-1, 1.5, "3", [3], {"a": 3}, True, 2**31, 1e30])
def test_a_count_that_is_none_is_left_out_by_name(odd: Any) -> None:
    assert read({"count": odd, "text": "a"}) == (Outer(text="a"), ["count"])
    found, left_out = read({"inner": {"someCount": odd, "word": "w"}})
    assert (found.inner, left_out) == (Inner(word="w"), ["inner.someCount"])
    found, left_out = read({"many": [{"someCount": odd}, {"someCount": 1}]})
    assert found.many == [Inner(), Inner(some_count=1)]
    assert left_out == ["many.0.someCount"]


def test_a_whole_number_may_be_written_with_a_fraction() -> None:
    assert read({"count": 3.0, "many": [{"someCount": 4.0}]}) == (
        Outer(count=3, many=[Inner(some_count=4)]),
        [],
    )


def test_null_and_unknown_fields_are_no_fault() -> None:
    assert read({"count": None, "place": None, "unknown": [1]}) == (Outer(), [])


def test_a_struct_of_another_type_is_left_out() -> None:
    odd: Any
    for odd in (1, "a", [1], True):
        assert read({"inner": odd}) == (Outer(), ["inner"])
    for odd in (1, "a", {"a": 1}):
        assert read({"many": odd}) == (Outer(), ["many"])
    assert read({"many": [1, {"word": "w"}]}) == (Outer(many=[Inner(word="w")]), ["many.0"])


def test_content_of_an_odd_type_is_an_error() -> None:
    said: Any
    for said in ({"text": 1}, {"inner": {"word": 1}}, {"many": [{"word": [1]}]}):
        with pytest.raises(msgspec.ValidationError):
            read(said, "text", "word")
    for said in ({"many": 1}, {"many": [1]}):
        with pytest.raises(msgspec.ValidationError):
            read(said, "many")


@pytest.mark.parametrize("empty", [{}, [], 0, False])
def test_content_of_an_odd_type_may_be_empty(empty: Any) -> None:
    data, content = msgspec.json.encode({"text": empty}), frozenset({"text"})
    assert read_loosely(data, Outer, content, empty=True) == (Outer(), ["text"])
    with pytest.raises(msgspec.ValidationError):
        read_loosely(data, Outer, content)


@pytest.mark.parametrize("data", [b"[]", b"1", b'"a"', b"{", b""])
def test_what_is_no_object_is_an_error(data: bytes) -> None:
    with pytest.raises(msgspec.DecodeError):
        read_loosely(data, Outer)


def test_what_was_left_out_is_told() -> None:
    answer = Answer()
    warn_of(["message.usage.input_tokens", "id"], answer, "own")
    assert [each.field for each in answer.warnings] == ["usage", "message"]
    assert "message.usage.input_tokens" in answer.warnings[0].message


@pytest.mark.parametrize("number", ["NaN", "Infinity", "-Infinity"])
def test_numbers_that_json_lacks_are_texts(number: str) -> None:
    data = f'{{"a": [{number}, "{number} \\" {number}"], "b": {number}}}'.encode()
    found, read_as = decode_whole(msgspec.json.decode, data)
    assert found == {"a": [number, f'{number} " {number}'], "b": number}
    assert read_as != data


def test_a_bare_word_is_no_number() -> None:
    with pytest.raises(msgspec.DecodeError):
        decode_whole(msgspec.json.decode, b'{"a": nan}')
