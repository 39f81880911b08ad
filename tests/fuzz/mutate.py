"""Changes to a recorded answer, drawn from a seed."""

from __future__ import annotations

import copy
import json
import random
from collections.abc import Iterator
from typing import Any

ODD: tuple[Any, ...] = (
    None, True, -35, 0, 3.0, 14417.92, 2**31, 2**63, 10**30, 1e300,
    "", "12", "n/a", "\ud83d\ude00", [], [1], ["x"], {}, {"x": 1}, [[[]]],
)  # fmt: skip
"""Values of every kind, for the place of any other."""

Path = tuple[str | int, ...]


def paths(value: Any, path: Path = ()) -> Iterator[Path]:
    """The places of all values inside one, itself excluded."""
    if isinstance(value, dict):
        inner: Iterator[tuple[str | int, Any]] = iter(value.items())
    elif isinstance(value, list):
        inner = iter(enumerate(value))
    else:
        return
    for name, each in inner:
        yield (*path, name)
        yield from paths(each, (*path, name))


def dotted(path: Path) -> str:
    """A place as text: `choices[].delta.content`."""
    text = "".join("[]" if isinstance(each, int) else f".{each}" for each in path)
    return text.removeprefix(".")


def replaced(value: Any, path: Path, chance: random.Random) -> Any:
    """The value with something odd at a place, or with nothing there."""
    changed = copy.deepcopy(value)
    owner = changed
    for step in path[:-1]:
        owner = owner[step]
    if isinstance(owner, dict) and chance.random() < 0.25:
        del owner[path[-1]]
    else:
        owner[path[-1]] = copy.deepcopy(chance.choice(ODD))
    return changed


def shuffled(events: list[Any], chance: random.Random) -> list[Any]:
    """Events with one left out, repeated, or in the place of its neighbor."""
    changed = list(events)
    at = chance.randrange(len(changed))
    match chance.randrange(3):
        case 0:
            del changed[at]
        case 1:
            changed.insert(chance.randrange(len(changed)), changed[at])
        case _:
            other = min(at + 1, len(changed) - 1)
            changed[at], changed[other] = changed[other], changed[at]
    return changed


def written(events: list[tuple[str, Any]]) -> bytes:
    """Events as a stream; a payload that is text was no JSON and stays as it was."""
    blocks = []
    for name, payload in events:
        data = payload if isinstance(payload, str) else json.dumps(payload)
        blocks.append((f"event: {name}\n" if name else "") + f"data: {data}\n\n")
    return "".join(blocks).encode()


def parsed(stream: bytes) -> list[tuple[str, Any]]:
    """The events of a recorded stream, by name and payload."""
    events = []
    for block in stream.decode().replace("\r\n", "\n").split("\n\n"):
        lines = [line.partition(":") for line in block.split("\n") if not line.startswith(":")]
        data = [value.removeprefix(" ") for field, _, value in lines if field == "data"]
        name = next((value.strip() for field, _, value in lines if field == "event"), "")
        if data:
            events.append((name, _read("\n".join(data))))
    return events


def _read(text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError:
        return text
