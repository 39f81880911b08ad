"""Wire vectors: messages whose bytes every language keeps."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.conformance.canonical import canonical

FOLDER = Path(__file__).parent / "vectors"


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


def unlike(vectors: Sequence[Vector], lines: Mapping[str, Any]) -> Iterator[str]:
    """What a runner gave otherwise than the vector's file has it."""
    for vector in vectors:
        given = lines.get(vector.name)
        if given is None:
            yield f"{vector.name}: the runner printed nothing"
        elif given.get("bytes") != vector.bytes:
            got = given.get("error") or given.get("bytes")
            yield f"{vector.name}: the bytes differ\n-{vector.bytes}\n+{got}"
        elif vector.json is not None and canonical(given.get("json"), {}) != canonical(
            vector.json, {}
        ):
            yield f"{vector.name}: the JSON differs\n-{vector.json}\n+{given.get('json')}"
