"""Wire vectors: messages whose bytes every language keeps."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from llmrpc import v1 as pb
from tests.conformance.canonical import canonical
from tests.conformance.wire_order import in_order

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
        elif not _same_bytes(vector, given.get("bytes")):
            got = given.get("error") or given.get("bytes")
            yield f"{vector.name}: the bytes differ\n-{vector.bytes}\n+{got}"
        elif vector.json is not None and canonical(given.get("json"), {}) != canonical(
            vector.json, {}
        ):
            yield f"{vector.name}: the JSON differs\n-{vector.json}\n+{given.get('json')}"


def _same_bytes(vector: Vector, given: Any) -> bool:
    """Whether the bytes are the vector's, but for the order of fields."""
    if given == vector.bytes:
        return True
    message = getattr(pb, vector.message.rpartition(".")[2]).DESCRIPTOR
    try:
        got = in_order(base64.b64decode(given, validate=True), message)
    except (TypeError, ValueError):
        return False
    return got == in_order(base64.b64decode(vector.bytes), message)
