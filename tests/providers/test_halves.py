"""Surrogate pairs that were split over pieces of a text."""

from __future__ import annotations

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from llmrpc_server.providers.dialect import Answer
from llmrpc_server.providers.halves import LOST, Halves, decode_with_halves

HIGH, LOW, BOTH = "\ud83d", "\ude00", "\U0001f600"


def joined(*pieces: str) -> tuple[str, list[str]]:
    """The text of one part, and the fields of the warnings."""
    answer = Answer()
    halves = Halves(answer, "own")
    text = "".join(halves.join(0, piece) for piece in pieces) + halves.end(0)
    assert not halves
    return text, [each.field for each in answer.warnings]


def test_a_pair_is_joined_over_pieces() -> None:
    assert joined(f"a{HIGH}", f"{LOW}b") == (f"a{BOTH}b", [])
    assert joined(f"a{HIGH}", "", LOW, "b") == (f"a{BOTH}b", [])
    assert joined(HIGH, f"{LOW}{HIGH}", LOW) == (BOTH * 2, [])


def test_a_half_alone_is_replaced_with_a_warning() -> None:
    for pieces in ((f"a{HIGH}",), (f"a{HIGH}", "b"), (f"a{LOW}",), (f"a{HIGH}b",), (LOW, "a")):
        text, warned = joined(*pieces)
        assert text == "".join(pieces).replace(HIGH, LOST).replace(LOW, LOST)
        assert warned == ["message"]


def test_what_was_lost_before_is_no_new_loss() -> None:
    assert joined(f"a{LOST}", f"{HIGH}", LOW) == (f"a{LOST}{BOTH}", [])


def test_parts_are_not_joined() -> None:
    answer = Answer()
    halves = Halves(answer, "own")
    assert halves.join(0, HIGH) == ""
    assert halves.join(1, LOW) == LOST
    assert halves.join(0, LOW) == BOTH
    assert not halves


@given(st.text(max_size=20), st.lists(st.integers(0, 40), max_size=6))
def test_no_cut_changes_a_text(text: str, cuts: list[int]) -> None:
    units = text.encode("utf-16-le")
    places = sorted({0, len(units), *(min(2 * cut, len(units)) for cut in cuts)})
    pieces = [
        units[start:end].decode("utf-16-le", "surrogatepass") for start, end in pairwise(places)
    ]
    assert joined(*pieces) == (text, [])


def test_a_text_is_found_where_it_stands() -> None:
    data = rb'{"a":[{"b":"x\ud83d"}],"c":NaN}'
    assert decode_with_halves(data, "a", 0, "b") == f"x{HIGH}"
    for path in (("a", 1, "b"), ("a", "b"), ("c", 0), ("d",)):
        assert decode_with_halves(data, *path) is None
