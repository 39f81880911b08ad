"""Filters of lists: the grammar of AIP-160, what fields mean, and what is refused."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from llmrpc import v1 as pb
from llmrpc_server.rpc.filter import MOST_CHARACTERS, MOST_DEPTH, MOST_RESTRICTIONS, parse_filter
from llmrpc_server.rpc.filter_words import FilterError

MODELS = {
    "mini": pb.Model(
        name="openai/gpt-5.4-mini",
        provider="openai",
        id="gpt-5.4-mini",
        aliases=["fast", "cheap"],
        context_tokens=400_000,
        capabilities=pb.Capabilities(tools=True, reasoning=False),
        input_modalities=[pb.MODALITY_TEXT, pb.MODALITY_IMAGE],
        pricing=pb.Pricing(input_nano_usd_per_million=750_000_000, tiered=True),
    ),
    "small": pb.Model(
        name="ollama/llama3.2:1b",
        provider="ollama",
        id="llama3.2:1b",
        context_tokens=0,
        capabilities=pb.Capabilities(),
        pricing=pb.Pricing(),
    ),
    "bare": pb.Model(name="mine/x", provider="mine", id="x"),
}


def found(text: str) -> set[str]:
    test = parse_filter(text, pb.Model.DESCRIPTOR)
    return {name for name, model in MODELS.items() if test(model)}


ALL = set(MODELS)


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("", ALL),
        ("  ", ALL),
        ('provider = "openai"', {"mini"}),
        ("provider = openai", {"mini"}),
        ("provider='openai'", {"mini"}),
        ("provider:openai", {"mini"}),
        ("provider != openai", {"small", "bare"}),
        ("name = openai/*", {"mini"}),
        ('name = "*mini"', {"mini"}),
        ('name = "*l*a*"', {"small"}),
        ("id = gpt-5.4-mini", {"mini"}),
        ("id = llama3.2:1b", {"small"}),
        ('id = "*"', ALL),
        ('id = "a*a"', set()),
        ("name > n", {"small", "mini"}),
        ("name <= mine/x", {"bare"}),
        ("aliases:fast", {"mini"}),
        ("aliases:ch*", {"mini"}),
        ("aliases:*", {"mini"}),
        ("NOT aliases:*", {"small", "bare"}),
        ("capabilities.tools", {"mini"}),
        ("capabilities.tools = true", {"mini"}),
        ("capabilities.tools = false", set()),
        ("capabilities.tools != true", {"small", "bare"}),
        ("-capabilities.tools", {"small", "bare"}),
        ("capabilities:*", {"mini", "small"}),
        ("capabilities:tools", {"mini"}),
        ("capabilities.tools:*", {"mini"}),
        ("capabilities.reasoning = false", {"mini"}),
        ("capabilities.reasoning:*", {"mini"}),
        ("input_modalities:IMAGE", {"mini"}),
        ("input_modalities:AUDIO", set()),
        ("context_tokens:*", {"mini", "small"}),
        ("context_tokens >= 0", {"mini", "small"}),
        ("context_tokens < 1", {"small"}),
        ("context_tokens > 3.9e5", {"mini"}),
        ("context_tokens != 0", {"mini", "bare"}),
        ("context_tokens > -1.5", {"mini", "small"}),
        ("NOT context_tokens >= 0", {"bare"}),
        ("max_output_tokens = 5", set()),
        ("max_output_tokens != 5", ALL),
        ("pricing.input_nano_usd_per_million <= 750000000", {"mini", "small"}),
        ("pricing.cache_read_nano_usd_per_million:*", set()),
        ("provider = mine AND provider = ollama OR provider = mine", {"bare"}),
        ("provider = mine OR provider = ollama AND provider = mine", {"bare"}),
        ("provider = mine provider = ollama OR provider = mine", {"bare"}),
        ("(provider = mine AND provider = ollama) OR provider = mine", {"bare"}),
        ("NOT (provider = mine OR provider = ollama)", {"mini"}),
        ("-(provider=mine)-(provider=ollama)", {"mini"}),
        (r'id = "x\"y"', set()),
    ],
)
def test_what_it_finds(text: str, names: set[str]) -> None:
    assert found(text) == names


@pytest.mark.parametrize(
    ("text", "where", "why"),
    [
        ("providr = openai", 1, "no field 'providr'; did you mean provider?"),
        ("a AND context_tokens", 1, "there is name, provider, id, "),
        ("provider = x and id = y", 14, "in capitals: AND"),
        ("capabilities.tool", 14, "did you mean tools?"),
        ("provider.x = 1", 10, "provider has no fields of its own"),
        ("provider", 1, "write provider:*"),
        ("capabilities", 1, "compare it with a value"),
        ("capabilities = tools", 1, "takes ':' alone, not '='"),
        ("aliases = fast", 1, "takes ':' alone, not '='"),
        ("aliases.x:1", 9, "aliases has no fields of its own"),
        ("capabilities:tool", 14, "did you mean tools?"),
        ("context_tokens = many", 18, "context_tokens is a number, and 'many' is none"),
        ("context_tokens = nan", 18, "is a number"),
        ("context_tokens = 0x10", 18, "is a number"),
        ("capabilities.tools = yes", 22, "tools is true or false, not 'yes'"),
        ("capabilities.tools > false", 22, "has no order"),
        ("name > a*", 8, "'*' goes with =, != and ':', not with '>'"),
        ("name =", 7, "behind '=' one value must follow"),
        ("name = (a OR b)", 8, "behind '=' one value must follow"),
        ("= 5", 1, "there must be a field or '(', not '='"),
        ("(name = a", 1, "this '(' is not closed"),
        ("name = a)", 9, "')' closes nothing"),
        ("()", 2, "there must be a field or '(', not ')'"),
        ("name = a AND", 13, "not the end"),
        ("name = a AND OR name = b", 14, "not 'OR'"),
        ("NOT", 4, "not the end"),
        ('"gpt"', 1, "there must be a field"),
        ('name = "a', 8, 'the string that begins with " has no end'),
        ("f(x)", 1, "there is no field 'f'"),
        ("name = a, id = b", 9, "',' belongs to no word"),
        (f"{'(' * 17}name = a{')' * 17}", 17, f"at most {MOST_DEPTH} deep"),
        (" ".join(["id=a"] * 65), 321, f"more than {MOST_RESTRICTIONS} restrictions"),
        (" " * (MOST_CHARACTERS + 1), MOST_CHARACTERS + 1, f"at most {MOST_CHARACTERS} characters"),
    ],
)
def test_what_is_refused_and_where(text: str, where: int, why: str) -> None:
    with pytest.raises(FilterError) as caught:
        found(text)
    assert str(caught.value).startswith(f"at character {where}: ")
    assert why in str(caught.value)


Meaning = Callable[[pb.Model], bool]
Written = tuple[str, Meaning]


def _leaf(number: int) -> Written:
    return f"context_tokens >= {number}", lambda model: model.context_tokens >= number


def _negated(inner: Written, sign: str) -> Written:
    return f"{sign}({inner[0]})", lambda model: not inner[1](model)


def _joined(each: list[Written], word: str) -> Written:
    join = any if word == "OR" else all
    text = f" {word} ".join(f"({text})" for text, _ in each)
    return text, lambda model: join(meaning(model) for _, meaning in each)


trees = st.recursive(
    st.integers(-2, 8).map(_leaf),
    lambda inner: st.one_of(
        st.builds(_negated, inner, st.sampled_from(["NOT ", "-", "NOT"])),
        st.builds(
            _joined, st.lists(inner, min_size=1, max_size=3), st.sampled_from(["AND", "OR", ""])
        ),
    ),
    max_leaves=12,
)


@given(trees, st.integers(0, 8))
def test_any_tree_means_what_it_says(tree: Written, size: int) -> None:
    text, meaning = tree
    model = pb.Model(context_tokens=size)
    try:
        test = parse_filter(text, pb.Model.DESCRIPTOR)
    except FilterError as error:
        refusal = str(error)
    else:
        assert test(model) == meaning(model)
        return
    assert "deep" in refusal


@given(st.lists(st.lists(st.integers(0, 8), min_size=1, max_size=4), min_size=1, max_size=4))
def test_or_binds_tighter_than_and(rows: list[list[int]]) -> None:
    text = " AND ".join(" OR ".join(f"context_tokens = {n}" for n in row) for row in rows)
    test = parse_filter(text, pb.Model.DESCRIPTOR)
    for size in range(9):
        assert test(pb.Model(context_tokens=size)) == all(size in row for row in rows)


@given(st.text(max_size=40) | st.text(alphabet='name=<>!:()"-*. ANDOR\\', max_size=40))
@example("name = \ud800")
def test_any_text_is_a_filter_or_refused(text: str) -> None:
    try:
        test = parse_filter(text, pb.Model.DESCRIPTOR)
    except FilterError as error:
        refusal = str(error)
    else:
        assert isinstance(test(MODELS["mini"]), bool)
        return
    assert refusal.startswith("at character ")


@given(st.text(alphabet="ab*", max_size=8), st.text(alphabet="ab", max_size=8))
def test_a_star_stands_for_any_text(pattern: str, text: str) -> None:
    import re

    wanted = re.fullmatch(".*".join(map(re.escape, pattern.split("*"))), text) is not None
    test: Any = parse_filter(f'id = "{pattern}"', pb.Model.DESCRIPTOR)
    assert test(pb.Model(id=text)) == wanted
