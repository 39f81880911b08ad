"""Changes golden streams and answers at random, and reads what becomes of them.

Each run changes one thing. What is bookkeeping may be anything: the content stays what it
was, and nothing is raised. What is content may make the answer unreadable, which is a typed
error: but no other exception, no delta that the answer does not have, and no text that an
independent concatenation does not find.
"""

from __future__ import annotations

import json
import random
import traceback
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from llmrpc.errors import LLMClientError
from tests.fuzz.laws import Read, concatenated, content, is_bookkeeping
from tests.fuzz.mutate import dotted, parsed, paths, replaced, shuffled, written
from tests.providers.golden import MAX_EVENT, Case, cases


@dataclass
class Found:
    """What broke: how often, and the first input of each kind."""

    runs: int = 0
    raised: int = 0
    """Runs that ended in a typed error."""
    kinds: Counter[str] = field(default_factory=Counter)
    inputs: dict[str, bytes] = field(default_factory=dict)

    def add(self, kind: str, data: bytes) -> None:
        """Takes an input that broke a law."""
        self.kinds[kind] += 1
        self.inputs.setdefault(kind, data)


def streams(dialect: str) -> list[Case]:
    """The golden streams of a dialect that end well."""
    return [
        case
        for case in cases("stream.txt")
        if case.folder.parent.name == dialect
        and "error" not in case.info
        and any(isinstance(payload, dict) for _, payload in parsed(case.stream()))
    ]


def answers(dialect: str) -> list[Case]:
    """The golden whole answers of a dialect that are none of its errors."""
    return [
        case
        for case in cases("response.json")
        if case.folder.parent.name == dialect and "error" not in case.info
    ]


def fuzz(dialect: str, seed: int, goes_on: Callable[[int], bool]) -> Found:
    """Runs until told to stop; the same seed does the same."""
    chance, found = random.Random(seed), Found()  # noqa: S311 - nothing is secret here
    recorded, whole = streams(dialect), answers(dialect)
    while goes_on(found.runs):
        found.runs += 1
        if chance.random() < 0.25 and whole:
            _answer(dialect, chance.choice(whole), chance, found)
        else:
            _stream(dialect, chance.choice(recorded), chance, found)
    return found


def _stream(dialect: str, case: Case, chance: random.Random, found: Found) -> None:
    events = parsed(case.stream())
    before = Read(case.dialect.decoder(MAX_EVENT), written(events))
    bookkeeping = False
    if chance.random() < 0.3:
        what, changed = "moved", shuffled(events, chance)
    else:
        places = [(at, path) for at, (_, payload) in enumerate(events) for path in paths(payload)]
        at, path = chance.choice(places)
        place = dotted(path)
        bookkeeping = is_bookkeeping(dialect, place)
        name, payload = events[at]
        changed = [*events[:at], (name, replaced(payload, path, chance)), *events[at + 1 :]]
        what = place
    data = written(changed)
    try:
        after = Read(case.dialect.decoder(MAX_EVENT), data)
    except Exception as error:  # noqa: BLE001 - this is what is looked for
        found.add(f"{type(error).__name__} at {_line(error)}", data)
        return
    found.raised += after.error is not None
    if not after.adds_up():
        found.add(f"the deltas do not add up: {what}", data)
    if bookkeeping and after.error is not None:
        found.add(f"bookkeeping spoils the answer: {what}", data)
    elif bookkeeping and (after.parts, after.finish_reason) != (before.parts, before.finish_reason):
        found.add(f"bookkeeping changes the answer: {what}", data)
    if after.error is None and before.text() == concatenated(dialect, _payloads(events)):
        wanted = concatenated(dialect, _payloads(changed)) or ""
        told = after.text()
        if told == wanted or (what == "moved" and wanted.startswith(told)):
            return  # what follows the end of an answer is not read
        lost = [text for text in _texts(dialect, changed) if text not in told]
        if len(told) > len(wanted) or not all(map(after.keeps, lost)):
            found.add(f"the text is another: {what}", data)


def _texts(dialect: str, events: list[tuple[str, Any]]) -> list[str]:
    """The text of each event."""
    return [concatenated(dialect, [payload]) or "" for _, payload in events]


def _payloads(events: list[tuple[str, Any]]) -> list[Any]:
    return [payload for _, payload in events]


def _answer(dialect: str, case: Case, chance: random.Random, found: Found) -> None:
    body = json.loads((case.folder / "response.json").read_text())
    before = content(case.dialect.decode(json.dumps(body).encode()).parts.parts())
    path = chance.choice(list(paths(body)))
    data = json.dumps(replaced(body, path, chance)).encode()
    place = dotted(path)
    try:
        after: Any = content(case.dialect.decode(data).parts.parts())
    except LLMClientError:
        found.raised += 1
        if is_bookkeeping(dialect, place):
            found.add(f"bookkeeping spoils the whole answer: {place}", data)
        return
    except Exception as error:  # noqa: BLE001 - this is what is looked for
        found.add(f"{type(error).__name__} at {_line(error)}", data)
        return
    if is_bookkeeping(dialect, place) and after != before:
        found.add(f"bookkeeping changes the whole answer: {place}", data)


def _line(error: Exception) -> str:
    last = traceback.extract_tb(error.__traceback__)[-1]
    return f"{last.filename.rpartition('/')[2]}:{last.lineno}"
