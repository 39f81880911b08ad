"""What a case expects of a request: values at its paths, pieces of its text, and laws.

`sends` has the values by their dotted paths, `sent` and `unsent` pieces of the text that
must be there or must not, `laws` the names of what holds of the whole body.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from itertools import pairwise
from typing import Any

from tests.cases.cases import look
from tests.cases.expect import listed, same


def check_body(body: Any, text: str, spec: Mapping[str, Any]) -> None:
    """Compares what was sent, as JSON and as its text."""
    sends = spec.get("sends", {})
    same({path: look(body, path) for path in sends}, sends)
    for piece in listed(spec.get("sent", ())):
        assert piece in text
    for piece in listed(spec.get("unsent", ())):
        assert piece not in text
    for law in listed(spec.get("laws", ())):
        LAWS[law](body)


def find(value: Any, *names: str) -> Iterator[Any]:
    """Everything that has one of these names, however deep."""
    inner = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    if isinstance(value, dict):
        yield from (value[name] for name in names if isinstance(value.get(name), str))
    for each in inner:
        yield from find(each, *names)


def _ids_are_short(body: Any) -> None:
    """Calls and their results have the same ids, of 64 characters at most."""
    messages = body.get("messages") or body["input"]
    calls = [*find([each.get("tool_calls") for each in messages], "id")]
    calls += [each["call_id"] for each in messages if each.get("type") == "function_call"]
    results = [*find(messages, "tool_call_id")]
    results += [each["call_id"] for each in messages if each.get("type") == "function_call_output"]
    assert calls == results
    assert len({*calls}) == len(calls) > 0
    assert all(0 < len(each) <= 64 for each in calls), calls


def _names_are_plain(body: Any) -> None:
    """Tools, calls and choices have names that every provider takes, and no two the same."""
    tools = body["tools"]
    declared = [tool.get("name") or tool["function"]["name"] for tool in tools]
    assert len({*declared}) == len(declared)
    used = {*find([body.get("messages"), body.get("input"), body.get("tool_choice")], "name")}
    assert used <= {*declared}
    assert all(re.fullmatch("[a-zA-Z0-9_-]{1,64}", name) for name in declared), declared


def _roles(body: Any) -> list[str]:
    return [message["role"] for message in body["messages"]]


def _blocks_of(message: Any) -> list[Any]:
    content = message["content"]
    return [{"type": "text", "text": content}] if isinstance(content, str) else content


def _no_thinking_at_the_end(body: Any) -> None:
    for message in body["messages"]:
        assert _blocks_of(message), message
        if message["role"] == "assistant":
            assert "thinking" not in _blocks_of(message)[-1]["type"]


def _no_blank_text(body: Any) -> None:
    for message in body["messages"]:
        assert _blocks_of(message), message
        for block in _blocks_of(message):
            assert block["type"] != "text" or block["text"].strip(), message


def _no_blank_at_the_end(body: Any) -> None:
    last = body["messages"][-1]
    assert last["role"] == "assistant"
    text = _blocks_of(last)[-1]["text"]
    assert text == text.rstrip() != ""


def _ids_of_blocks_agree(body: Any) -> None:
    calls, results = [*find(body, "id")], [*find(body, "tool_use_id")]
    assert calls == results
    assert all(re.fullmatch("[a-zA-Z0-9_-]+", each) for each in calls), calls


def _no_user_after_tool(body: Any) -> None:
    roles = _roles(body)
    assert ("tool", "user") not in pairwise(roles), roles


def _system_is_first(body: Any) -> None:
    roles = _roles(body)
    assert roles == sorted(roles, key=lambda role: role != "system"), roles


def _no_empty_assistant(body: Any) -> None:
    for message in body["messages"]:
        if message["role"] == "assistant":
            assert message.get("content") or message.get("tool_calls"), message


def _reasoning_of_every_assistant(body: Any) -> None:
    for message in body["messages"]:
        if message["role"] == "assistant":
            assert isinstance(message.get("reasoning_content"), str), message


def _reasoning_is_followed(body: Any) -> None:
    """A reasoning item has another item of the model behind it."""
    items = body["input"]
    for item, behind in zip(items, [*items[1:], {}], strict=True):
        if item.get("type") == "reasoning":
            assert behind.get("role") == "assistant" or "call" in behind.get("type", ""), items


def _parts_are_not_empty(body: Any) -> None:
    for content in body["contents"]:
        assert content["parts"], body["contents"]
        assert all(part and part.get("text") != "" for part in content["parts"])


def _results_are_of_their_calls(body: Any) -> None:
    """No two calls have one id, and each result has that of a call of the turn before it."""
    calls, results = [*_ids(body, _CALLS)], [*_ids(body, _RESULTS)]
    assert len({*calls}) == len(calls) > 1, calls
    assert len({*results}) == len(results) > 1, results
    assert {*results} == {*calls[-len(results) :]}, (calls, results)


_CALLS = {"function": "id", "tool_use": "id", "functionCall": "id", "function_call": "call_id"}
_RESULTS = {
    "tool": "tool_call_id",
    "tool_result": "tool_use_id",
    "functionResponse": "id",
    "function_call_output": "call_id",
}
"""How dialects name calls and results, by a type, a role or a field, and where their ids are."""


def _ids(value: Any, places: Mapping[str, str]) -> Iterator[str]:
    if isinstance(value, list):
        for each in value:
            yield from _ids(each, places)
    elif isinstance(value, dict):
        for kind in (value.get("type"), value.get("role")):
            place = places.get(str(kind))
            if place in value:
                yield value[place]
        for name, inner in value.items():
            if name in places and isinstance(inner, dict) and places[name] in inner:
                yield inner[places[name]]
            yield from _ids(inner, places)


LAWS: Mapping[str, Callable[[Any], None]] = {
    "ids are short": _ids_are_short,
    "names are plain": _names_are_plain,
    "no thinking at the end": _no_thinking_at_the_end,
    "no blank text": _no_blank_text,
    "no blank at the end": _no_blank_at_the_end,
    "ids of blocks agree": _ids_of_blocks_agree,
    "no user after tool": _no_user_after_tool,
    "no empty assistant": _no_empty_assistant,
    "the system is first": _system_is_first,
    "reasoning of every assistant": _reasoning_of_every_assistant,
    "reasoning is followed": _reasoning_is_followed,
    "parts are not empty": _parts_are_not_empty,
    "results are of their calls": _results_are_of_their_calls,
}
"""What holds of a request's body, by the name that cases give."""
