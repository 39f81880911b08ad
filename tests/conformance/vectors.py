"""Wire vectors: messages whose bytes every language keeps, but for an order that is its own."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from llmrpc import v1 as pb
from tests.conformance.canonical import canonical, same
from tests.conformance.wire_order import in_order

FOLDER = Path(__file__).parent / "vectors"
_REORDERED = FOLDER.parent / "reordered.json"
REORDERED: Mapping[str, Sequence[str]] = {
    language: told["vectors"] for language, told in json.loads(_REORDERED.read_text()).items()
}
"""By language, the vectors whose fields it writes in another order; the file says why."""


@dataclass(frozen=True, slots=True)
class Vector:
    """A file of `vectors/`."""

    file: Path
    name: str
    message: str
    bytes: str
    json: Any = None


def load() -> list[Vector]:
    """All vectors, by the names of their files."""
    return [Vector(path, **json.loads(path.read_text())) for path in sorted(FOLDER.glob("*.json"))]


def unlike(
    language: str, vectors: Sequence[Vector], lines: Mapping[str, Any], ending: str = ""
) -> Iterator[str]:
    """What a runner gave otherwise than the vectors' files have it; `ending`: how it fell."""
    reordered = REORDERED.get(language, ())
    for vector in vectors[: len(lines)]:
        given = lines[vector.name]
        wrong = _bytes_differ(vector, given.get("bytes"), reordered=vector.name in reordered)
        if wrong:
            got = given.get("error") or given.get("bytes")
            yield f"{vector.name}: {wrong}\n-{vector.bytes}\n+{got}"
        elif not same(canonical(given.get("json"), {}), canonical(vector.json, {})):
            yield f"{vector.name}: the JSON differs\n-{vector.json}\n+{given.get('json')}"
    if len(lines) < len(vectors):
        yield f"{vectors[len(lines)].name}: the runner ended here: {ending}"
    elif ending:
        yield ending


def _bytes_differ(vector: Vector, given: Any, *, reordered: bool) -> str:
    """How the bytes are not the vector's; empty where they are, in the order that is due."""
    if given == vector.bytes:
        return f"it is in {_REORDERED.name}, and in order" if reordered else ""
    message = getattr(pb, vector.message.rpartition(".")[2]).DESCRIPTOR
    try:
        got = in_order(base64.b64decode(given, validate=True), message)
    except (TypeError, ValueError):
        return "the bytes differ"
    if got != in_order(base64.b64decode(vector.bytes), message):
        return "the bytes differ"
    return "" if reordered else f"the order of the fields differs, and {_REORDERED.name} has no why"
