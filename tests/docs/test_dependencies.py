"""docs/dependencies.md has a row for every dependency, and for nothing else."""

from __future__ import annotations

import json
import re
import tomllib
from collections.abc import Callable, Iterator

import pytest

from tests.docs.pages import ROOT, first_cells, page, section

OWN = {"llmrpc", "llmrpc-server"}
PAGE = page("docs/dependencies.md")
OTHERS = "The clients in other languages"


def of_go(text: str) -> list[str]:
    return re.findall(r"^\t(\S+) v[^/\n]*$", text, re.MULTILINE)


def of_java(text: str) -> list[str]:
    before = text.partition("<build>")[0]
    artifacts: list[str] = re.findall(r"<artifactId>(.*)</artifactId>", before)
    return [name for name in artifacts if name != "llmrpc-client"]


def of_typescript(text: str) -> list[str]:
    package = json.loads(text)
    return [*package["dependencies"], *package["devDependencies"]]


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
    rows = [
        cell for cell in first_cells(PAGE.replace(section(PAGE, OTHERS), "")) if "[" not in cell
    ]
    assert len(rows) == len(set(rows))
    assert set(rows) == names - OWN


@pytest.mark.parametrize(
    ("language", "path", "names"),
    [
        ("Go", "clients/go/go.mod", of_go),
        ("Java", "clients/java/pom.xml", of_java),
        ("TypeScript", "clients/typescript/package.json", of_typescript),
    ],
)
def test_every_dependency_of_a_client_has_its_row(
    language: str, path: str, names: Callable[[str], list[str]]
) -> None:
    rows = first_cells(section(section(PAGE, OTHERS), language))
    assert sorted(rows) == sorted(names(page(path)))
