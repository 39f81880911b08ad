"""The cases of `tests/cases`: odd inputs, and what must become of them.

A folder is a dialect, a file in it a rule, and an entry of the file a case. `pieces.yaml`
has what the cases of a dialect are made of, in upper case: events of a stream that gives
"All good.", and `ANSWER`, the same in one body. A case has

    source     the public report that its input is shaped after
    decide     where the expectation is a policy: what is decided, and why
    fails      why it fails today: it must fail, until the gateway is mended and this line
               is removed. As a mapping: by the way (`body`, `stream`), by the value of
               `each`, or by both (`-35 stream`)
    each       values, with each of which the case is played: `$each`; of a mapping `$each`
               is the key, and `$then` its value, or `$then.0` and so on of a list
    provider, model   the row, if not a provider of the operator's own

and is played in one of four ways:

    body, stream    a provider's answer for the dialect to read: `gives` or `error`
    status, says    a provider's error for it to read, with `headers`: the same
    request         a request for it to write: `sends`, `refuses`; `back` is the answer to its
                    first message, as a `body` is
    upstream        requests through a gateway, which the provider answers step by step:
                    see `tests/gateway/test_cases.py`

A `body` is the fields, by their dotted paths, in which it differs from `ANSWER`, or a text.
An event of a `stream` is the name of a piece, a piece with the fields in which it differs
(`{END: {choices.0.index: 1}}`), an event's JSON, or a text as it comes over the wire. The
`tail` is an event without its blank line, which ends with `ending`. After all of it the
answer is complete, or not yet, if `at_once` says so; an event may have `max_event` bytes.
`$absent` takes a field away, `$A*3` is `AAA`, `$high` and `$low` are the halves of a
surrogate pair; with `encoding: latin-1` a character is a byte.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from copy import deepcopy
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import pytest
import yaml

from llmrpc_server.providers.dialect import Dialect
from llmrpc_server.providers.registry import DIALECTS, ROWS
from llmrpc_server.providers.row import Row

FOLDER = Path(__file__).parent
ABSENT = "$absent"
OWN = "own"
"""The name of a provider that the registry does not know."""

_KEYS = {
    *("source", "decide", "fails", "each", "provider", "model", "gives", "error"),
    *("body", "stream", "tail", "ending", "encoding", "at_once", "max_event"),
    *("status", "says", "headers"),
    *("request", "back", "defaults", "sends", "sent", "unsent", "warns", "refuses", "laws"),
    *("upstream", "calls", "ask", "settings", "keys", "requests", "held", "seconds"),
}
_HALVES = {"$high": "\ud83d", "$low": "\ude00"}
_LOADER: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
"""The fast one, where there is one."""
_REPEATED = re.compile(r"\$(.)\*(\d+)")


@dataclass(frozen=True)
class Case:
    """One entry, with one value of its `each`."""

    dialect: str
    rule: str
    name: str
    label: str
    spec: Mapping[str, Any]
    pieces: Mapping[str, Any]

    def __str__(self) -> str:
        label = f"[{self.label}]" if self.label else ""
        return f"{self.dialect}/{self.rule}/{self.name}{label}"

    @cached_property
    def row(self) -> Row:
        if name := self.spec.get("provider"):
            return ROWS[name].speaking(self.dialect)
        return Row(OWN, self.dialect, "http://127.0.0.1/v1", needs_key=False)

    @property
    def codec(self) -> Dialect:
        return DIALECTS[self.dialect](self.row)

    @property
    def model(self) -> str:
        return str(self.spec.get("model", "m"))

    def fails(self, way: str) -> str:
        """Why this way fails today; empty: it does not."""
        said = self.spec.get("fails", "")
        if isinstance(said, str):
            return said
        found = (said.get(key) for key in (way, self.label, f"{self.label} {way}"))
        return next(filter(None, found), "")

    def body(self, spec: Mapping[str, Any]) -> bytes:
        """The bytes of `body`."""
        body = spec["body"]
        if isinstance(body, dict):
            body = _json(changed(self.pieces["ANSWER"], body))
        return self.encoded(body)

    def events(self, spec: Mapping[str, Any]) -> list[bytes]:
        """The bytes of `stream` and `tail`, event by event."""
        found = [event for item in spec["stream"] for event in self._events(item)]
        if "tail" in spec:
            (tail,) = self._events(spec["tail"])
            found.append(tail.removesuffix("\n\n") + spec.get("ending", ""))
        return [self.encoded(event) for event in found]

    def encoded(self, text: str) -> bytes:
        return text.encode(self.spec.get("encoding", "utf-8"))

    def _events(self, item: Any) -> Iterator[str]:
        if isinstance(item, list):
            for each in item:
                yield from self._events(each)
        elif isinstance(item, str):
            if item in self.pieces:
                yield from self._events(self.pieces[item])
            else:
                assert not item.isupper(), f"{self}: there is no piece {item}"
                yield item + "\n\n"
        elif len(item) == 1 and (name := next(iter(item))).isupper():
            yield from self._events(changed(self.pieces[name], item[name]))
        else:
            name = f"event: {item['type']}\n" if self._is_named(item) else ""
            yield f"{name}data: {_json(item)}\n\n"

    def _is_named(self, item: Mapping[str, Any]) -> bool:
        named = self.dialect in ("anthropic", "openai-responses")
        return named and isinstance(item.get("type"), str)


def changed(value: Any, fields: Mapping[str, Any]) -> Any:
    """A copy with other values at dotted paths."""
    whole = {"": deepcopy(value)}
    for path, new in fields.items():
        place: Any = whole[""]
        steps: list[Any] = [int(step) if step.isdigit() else step for step in path.split(".")]
        last = steps.pop()
        for step in steps:
            place = place[step] if isinstance(place, list) else place.setdefault(step, {})
        if isinstance(place, list) and last == len(place):
            place.append(new)
        else:
            place[last] = new
    return _without_absent(whole[""])


def _without_absent(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _without_absent(value[name]) for name in value if value[name] != ABSENT}
    return [_without_absent(each) for each in value] if isinstance(value, list) else value


def look(value: Any, path: str) -> Any:
    """What stands at a dotted path; `$absent` if nothing does."""
    for step in path.split("."):
        try:
            value = value[int(step)] if isinstance(value, list) else value[step]
        except (LookupError, TypeError, ValueError):
            return ABSENT
    return value


def load() -> list[Case]:
    """Every case of every dialect."""
    return [case for folder in sorted(FOLDER.iterdir()) if folder.is_dir() for case in _in(folder)]


def params(kind: str, raises: tuple[type[BaseException], ...]) -> list[Any]:
    """The cases that are played in this way; one that fails today must raise one of these."""
    found = []
    for case in CASES:
        if kind in case.spec and (kind == "upstream" or "upstream" not in case.spec):
            why = case.fails(kind)
            mark = pytest.mark.xfail(strict=True, reason=why, raises=raises)
            found.append(pytest.param(case, id=f"{case}", marks=[mark] if why else []))
    return found


def _read(file: Path) -> Any:
    return yaml.load(file.read_text(), _LOADER)  # noqa: S506 - it is a safe one


def _in(folder: Path) -> Iterator[Case]:
    dialect = folder.name.replace("_", "-")
    if dialect not in DIALECTS:
        return
    pieces = _read(folder / "pieces.yaml")
    for file in sorted(folder.glob("*.yaml")):
        if file.stem == "pieces":
            continue
        for name, spec in _read(file).items():
            assert spec.keys() <= _KEYS, f"{file}: {name}: {spec.keys() - _KEYS}"
            known = {**_HALVES, **_repeats(spec)}
            for label, values in _values(spec.get("each")):
                own = _filled(spec, {**_filled(values, known), **known})
                yield Case(dialect, file.stem, name, label, own, pieces)


def _values(each: Any) -> Iterator[tuple[str, dict[str, Any]]]:
    if each is None:
        yield "", {}
    elif isinstance(each, dict):
        for key, value in each.items():
            inner = dict(enumerate(value)) if isinstance(value, list) else {}
            places = {f"$then.{place}": each for place, each in inner.items()}
            yield str(key), {"$each": key, **places, "$then": value}
    else:
        seen: list[str] = []
        for value in each:
            label = value if isinstance(value, str) and value else _json(value)
            seen.append(label.encode("unicode_escape").decode()[:40])
            twice = seen.count(seen[-1])
            yield seen[-1] if twice == 1 else f"{seen[-1]} {twice}", {"$each": value}


def _repeats(spec: Any) -> dict[str, str]:
    text = str(spec)
    return {found[0]: found[1] * int(found[2]) for found in _REPEATED.finditer(text)}


def _filled(value: Any, known: Mapping[str, Any]) -> Any:
    """A value with what its placeholders stand for."""
    match value:
        case str() if value in known:
            return known[value]
        case str():
            for name, new in known.items():
                value = value.replace(name, str(new))
            return value
        case dict():
            return {str(_filled(key, known)): _filled(value[key], known) for key in value}
        case list():
            return [_filled(each, known) for each in value]
        case _:
            return value


def _json(value: Any) -> str:
    return json.dumps(value)


CASES = load()
