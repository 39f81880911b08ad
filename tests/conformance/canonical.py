"""One form for what all languages print: volatile values masked, numbers by value.

What the clock, chance or a release decides is checked for its kind and replaced by a word
in angle brackets. This is the only place that knows of such values.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from typing import Any

AS_COMPLETED = "<as completed>"
"""In place of what `accumulate` gave, where that is the stream's own last word."""
_SHOWN = 200
"""Characters of a text that a difference shows whole."""


_DURATION = re.compile(r"(\d+)(\.(\d{3}){1,3})?s")


def _duration(value: Any) -> str:
    return "<duration>" if isinstance(value, str) and _DURATION.fullmatch(value) else ""


def _wait(value: Any) -> str:
    """A wait that a clock went into, in whole seconds; a scripted one has no microseconds."""
    found = _DURATION.fullmatch(value) if isinstance(value, str) else None
    measured = found is not None and len(found[2] or "") > len(".000")
    return f"<at most {int(found[1]) + 1} s>" if found and measured else ""


def _seconds(value: Any) -> str:
    known = isinstance(value, int | float) and not isinstance(value, bool) and 0 < value < 60
    return "<seconds>" if known else ""


def _version(value: Any) -> str:
    return "<version>" if isinstance(value, str) and value else ""


_VOLATILE: Mapping[str, Callable[[Any], str]] = {
    "responseTime": _seconds,
    "duration": _duration,
    "retry_delay": _wait,
    "priceVersion": _version,
}
"""The word for a value, by its key; empty for one that is to be compared as it is."""
_MADE_ID = re.compile(r"[0-9a-fA-F]{8}-?([0-9a-fA-F]{4}-?){3}[0-9a-fA-F]{12}")
"""A request id that a client or the gateway made: a UUID's digits."""
_CALL_ID = re.compile(r"call_[0-9a-zA-Z]{8,}")
"""The id that the gateway gives a tool call whose provider gave none."""


def canonical(value: Any, places: Mapping[str, str]) -> Any:
    """The value with what is volatile masked; `places` are words by the text they stand for."""
    if isinstance(value, dict):
        return {key: _entry(key, item, places) for key, item in value.items()}
    if isinstance(value, list):
        return [canonical(item, places) for item in value]
    if isinstance(value, float) and value.is_integer():
        return int(value)
    if isinstance(value, str) and len(value) < 10_000:
        for text, word in places.items():
            value = value.replace(text, word)
        value = _MADE_ID.sub("<id>", value)
        return _CALL_ID.sub("<call id>", value)
    return value


def _entry(key: str, value: Any, places: Mapping[str, str]) -> Any:
    word = _VOLATILE[key](value) if key in _VOLATILE else ""
    return word or canonical(value, places)


def request_ids(value: Any) -> set[str]:
    """The different request ids in an output, without the place of a batch's item."""
    if isinstance(value, list):
        return {found for item in value for found in request_ids(item)}
    if isinstance(value, dict):
        own = {value.get("requestId"), value.get("request_id")} - {None, ""}
        return {str(one).partition("/")[0] for one in own} | request_ids([*value.values()])
    return set()


def same(one: Any, other: Any) -> bool:
    """Whether both are the same JSON: unlike Python, JSON tells `1` from `true`."""
    return json.dumps(one, sort_keys=True) == json.dumps(other, sort_keys=True)


def with_short_forms(call: Mapping[str, Any]) -> dict[str, Any]:
    """A call's output without empty lists, the accumulated answer not told twice.

    The results of a batch come in any order; those of one id in the order they came.
    """
    short = {key: value for key, value in call.items() if value != []}
    if isinstance(results := short.get("results"), list):
        short["results"] = sorted(results, key=lambda one: str(one.get("id")))
    events = call.get("events") or [{}]
    if "accumulated" in call and call["accumulated"] == events[-1].get("completed"):
        short["accumulated"] = AS_COMPLETED
    return short


def lines(value: Any) -> list[str]:
    """The value as indented JSON, keys in order, long texts cut, to be compared by eye."""
    return json.dumps(_cut(value), indent=1, sort_keys=True, ensure_ascii=False).splitlines()


def _cut(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _cut(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_cut(item) for item in value]
    if isinstance(value, str) and len(value) > _SHOWN:
        return f"{value[:40]}… {len(value)} characters …{value[-40:]}"
    return value
