"""docs/dependencies.md has a row for every dependency, and for nothing else."""

from __future__ import annotations

import json
import re
import tomllib
from collections.abc import Iterator

from tests.docs.pages import ROOT, first_cells, page

OWN = {"llmrpc", "llmrpc-server"}


def declared() -> Iterator[str]:
    """The requirements as they are written."""
    for name in ("clients/python/pyproject.toml", "server/pyproject.toml"):
        project = tomllib.loads(page(name))
        yield from project["project"]["dependencies"]
        yield from project["build-system"]["requires"]
        for extra in project["project"].get("optional-dependencies", {}).values():
            yield from extra
    for path in (*ROOT.glob("*/*requirements.in"), ROOT / ".ci/requirements.in"):
        for line in path.read_text().splitlines():
            if re.match(r"\w", line):
                yield line
    yield from json.loads(page("tests/package.json"))["dependencies"]


def test_every_dependency_has_its_row() -> None:
    names = {re.match(r"@?[\w./-]+", line)[0] for line in declared()}  # type: ignore[index]
    rows = [cell for cell in first_cells(page("docs/dependencies.md")) if "[" not in cell]
    assert len(rows) == len(set(rows))
    assert set(rows) == names - OWN
