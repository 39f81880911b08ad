"""The nearest names: right for slips of the hand, and cheap for any name."""

from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from llmrpc_server.policies.nearest import MOST, Nearest

NAMES = {"fast": "fast"}
for _name in ("gpt-5.4-mini", "gpt-5.4", "gpt-4o", "o3", "gpt-5-mini"):
    NAMES |= {_name: f"openai/{_name}", f"openai/{_name}": f"openai/{_name}"}
NAMES |= {"mistral/mistral-small-latest": "mistral/mistral-small-latest"}
NEAREST = Nearest(NAMES)


@pytest.mark.parametrize(
    ("name", "first"),
    [
        ("gpt-5.4-mni", "openai/gpt-5.4-mini"),
        ("gpt5.4", "openai/gpt-5.4"),
        ("GPT-4O", "openai/gpt-4o"),
        ("openai/gpt4o", "openai/gpt-4o"),
        ("opneai/gpt-4o", "openai/gpt-4o"),
        ("fsat", "fast"),
        ("mistral/mistral-smal-latest", "mistral/mistral-small-latest"),
    ],
)
def test_a_slip_finds_what_was_meant(name: str, first: str) -> None:
    assert NEAREST.to(name)[0] == first


@pytest.mark.parametrize("name", ["", "zzzz", "claude", "\n", "é" * 1000])
def test_what_is_like_nothing_finds_nothing(name: str) -> None:
    assert NEAREST.to(name) == []
    assert Nearest({}).to(name) == []


@given(st.text(max_size=300))
def test_any_name_finds_at_most_three_known_ones(name: str) -> None:
    found = NEAREST.to(name)
    assert len(found) == len(set(found)) <= MOST
    assert set(found) <= set(NAMES.values())


def test_the_work_is_bounded_by_neither_name_nor_list() -> None:
    many = Nearest({f"provider/{n:04}-{'x' * 200}": str(n) for n in range(5000)})
    started = time.process_time()
    assert many.to("provider/0001-" + "x" * 1_000_000)
    assert time.process_time() - started < 0.5


def test_of_equally_near_names_the_first_by_name_are_told() -> None:
    names = [f"many/model-{n:04}" for n in range(2000)]
    for known in (names, names[::-1], names[1::2] + names[::2]):
        near = Nearest({name: name for name in known}).to("many/model-x")
        assert near == ["many/model-0000", "many/model-0001", "many/model-0002"]
