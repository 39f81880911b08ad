"""Responses of which one event has lost its id and its index: the answer stays the same."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from tests.providers.golden import numbered, texts
from tests.providers.responses import end, event, fold, item

ITEMS: dict[str, list[dict[str, Any]]] = {
    "message": [item("message", "All good.", id="msg_1")],
    "two messages": [item("message", "All good.", id="msg_1"), item("message", "Bye.", id="msg_2")],
    "two that are alike": [item("message", "Hi.", id="msg_1"), item("message", "Hi.", id="msg_2")],
    "two pieces": [item("message", "All good.", "Bye.", id="msg_1")],
    "refusal": [item("refusal", "No.", id="msg_1")],
    "reasoning": [
        item("summary", "Hm.", "So.", id="rs_1"),
        item("message", "All good.", id="msg_1"),
    ],
    "thoughts": [item("thoughts", "Hm.", id="rs_1"), item("message", "All good.", id="msg_1")],
    "calls": [
        item("message", "All good.", id="msg_1"),
        item("call", '{"a":1}', id="fc_1", call_id="c1", name="f"),
        item("call", '{"a":1}', id="fc_2", call_id="c2", name="f"),
    ],
    "search": [
        item("web_search_call", id="ws_1", status="completed"),
        item("message", "All good.", id="msg_1"),
        item("web_search_call", id="ws_2", status="completed"),
    ],
}


def events(items: list[dict[str, Any]]) -> list[tuple[str, dict[str, Any]]]:
    """The events of an answer as OpenAI sends them, `done` repeating each piece."""
    found: list[tuple[str, dict[str, Any]]] = []

    def add(kind: str, **fields: Any) -> None:
        found.append((f"response.{kind}", fields))

    for place, one in enumerate(items):
        at = {"output_index": place, "item_id": one["id"]}
        bare = {**one, "content": [], "summary": [], "arguments": ""}
        add("output_item.added", item=bare, output_index=place)
        for number, piece in enumerate(one.get("summary", ())):
            here = {**at, "summary_index": number}
            add("reasoning_summary_part.added", part={**piece, "text": ""}, **here)
            for character in piece["text"]:
                add("reasoning_summary_text.delta", delta=character, **here)
            add("reasoning_summary_text.done", text=piece["text"], **here)
            add("reasoning_summary_part.done", part=piece, **here)
        for number, piece in enumerate(one.get("content", ())):
            here = {**at, "content_index": number}
            name = "refusal" if piece["type"] == "refusal" else "text"
            add("content_part.added", part={**piece, name: ""}, **here)
            for character in piece[name]:
                add(f"{piece['type']}.delta", delta=character, **here)
            add(f"{piece['type']}.done", **{name: piece[name]}, **here)
            add("content_part.done", part=piece, **here)
        if one["type"] == "function_call":
            for character in one["arguments"]:
                add("function_call_arguments.delta", delta=character, **at)
            add("function_call_arguments.done", arguments=one["arguments"], **at)
        add("output_item.done", item=one, output_index=place)
    return found


def lost(fields: dict[str, Any], names: tuple[str, ...]) -> dict[str, Any]:
    """An event without these fields, and its item without its id, if that is one of them."""
    kept = {name: value for name, value in fields.items() if name not in names}
    if "item_id" in names and "item" in kept:
        kept["item"] = {name: value for name, value in kept["item"].items() if name != "id"}
    return kept


def together(items: list[dict[str, Any]]) -> list[tuple[str, dict[str, Any]]]:
    """The same events of items that are all begun before the first one ends."""
    found = events(items)
    begun = [each for each in found if each[0] == "response.output_item.added"]
    ended = [each for each in found if each[0] == "response.output_item.done"]
    return [*begun, *(each for each in found if each not in begun + ended), *ended]


def renamed(fields: dict[str, Any]) -> dict[str, Any]:
    """An event under another id."""
    item_ = {"item": {**fields["item"], "id": "other"}} if "item" in fields else {}
    return {**fields, "item_id": "other", **item_}


def told(found: list[tuple[str, dict[str, Any]]], items: list[dict[str, Any]]) -> list[Any]:
    """The parts of the answer; ids of blocks, which can be lost for good, are left out."""
    sent = [event(kind, **fields) for kind, fields in found]
    parts = texts(numbered(fold(*sent, end(items=items)).response()))
    return [
        (kind, {**json.loads(text), "id": ""} if kind == "provider_block" else text)
        for kind, text in parts
    ]


BOTH = ("output_index", "item_id")


def differing(
    found: list[tuple[str, dict[str, Any]]],
    items: list[dict[str, Any]],
    odd: Iterator[list[tuple[str, dict[str, Any]]]],
) -> list[Any]:
    """What is told otherwise, of streams that should be told as the whole one is."""
    whole = told(found, items)
    assert whole
    nameless = [{name: each[name] for name in each if name != "id"} for each in items]
    return [
        (place, got)
        for place, each in enumerate(odd)
        for last in (items, nameless, [])
        if (got := told(each, last)) != whole
    ]


LOST: dict[str, Callable[[dict[str, Any]], dict[str, Any]]] = {
    "both": lambda fields: lost(fields, BOTH),
    "id": lambda fields: lost(fields, ("item_id",)),
    "index": lambda fields: lost(fields, ("output_index",)),
    "index, and another id": lambda fields: renamed(lost(fields, ("output_index",))),
}
"""How an event can lose what names its item."""


@pytest.mark.parametrize("how", LOST)
@pytest.mark.parametrize("name", ITEMS)
def test_one_event_that_lost_its_name_doubles_nothing(name: str, how: str) -> None:
    items = ITEMS[name]
    found = events(items)
    odd = (
        [*found[:place], (kind, LOST[how](fields)), *found[place + 1 :]]
        for place, (kind, fields) in enumerate(found)
    )
    assert not differing(found, items, odd)


@pytest.mark.parametrize("how", LOST)
@pytest.mark.parametrize("name", ITEMS)
def test_nor_does_the_begin_or_the_end_of_an_item_beside_others(name: str, how: str) -> None:
    items = ITEMS[name]
    found = together(items)
    odd = (
        [*found[:place], (kind, LOST[how](fields)), *found[place + 1 :]]
        for place, (kind, fields) in enumerate(found)
        if "item" in fields
    )
    assert not differing(found, items, odd)


@pytest.mark.parametrize("name", ITEMS)
def test_an_event_that_comes_again_without_its_name_doubles_nothing(name: str) -> None:
    items = ITEMS[name]
    found = events(items)
    odd = (
        [*found[: place + 1], (kind, lost(fields, BOTH)), *found[place + 1 :]]
        for place, (kind, fields) in enumerate(found)
        if kind.endswith("done")
    )
    assert not differing(found, items, odd)


def test_items_that_nobody_names_are_as_many_as_come() -> None:
    one = {name: value for name, value in item("message", "Hi.").items() if name != "id"}
    ended = ("response.output_item.done", {"item": one})
    assert told([ended, ended], []) == [("text", "Hi.")] * 2
