"""CONTRIBUTING.md's way to a new provider, and the links and commands of all pages."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from llmrpc_server.providers.dialect import Dialect
from llmrpc_server.providers.registry import DIALECTS
from llmrpc_server.providers.row import Row
from tests.docs.pages import ROOT, blocks, codes, page, section

WAY = section(page("CONTRIBUTING.md"), "Adding a provider")
PAGES = sorted(
    [
        ROOT / "tests/conformance/README.md",
        *ROOT.glob("*.md"),
        *ROOT.glob("docs/*.md"),
        *ROOT.glob("clients/*/README.md"),
        *ROOT.glob("examples/*.md"),
    ],
    key=lambda path: path.as_posix(),
)
SERVER = ROOT / "server/src/llmrpc_server"
MAKEFILE = (ROOT / "Makefile").read_text()
RULES = " ".join(re.findall(r"^include (.*)$", MAKEFILE, re.MULTILINE)).split()
TARGETS = {
    target
    for text in (MAKEFILE, *((ROOT / name).read_text() for name in RULES))
    for target in re.findall(r"^([a-z-]+):", text, re.MULTILINE)
}


def test_the_row_fits_its_dialect() -> None:
    names: dict[str, object] = {"Row": Row}
    exec(blocks(WAY, "python")[0], names)  # noqa: S102 - the page's own lines
    row = names["EXAMPLE"]
    assert isinstance(row, Row)
    dialect = DIALECTS[row.dialect](row)
    assert {place.partition(".")[0] for place in row.lacks} <= dialect.carries


def test_the_dialect_has_the_methods_that_are_named() -> None:
    named = set(codes(section(WAY, "A new dialect: a codec package")))
    assert Dialect.__abstractmethods__ | {"carries"} <= named


def test_the_files_that_are_named_are_there() -> None:
    for name in codes(WAY):
        if re.fullmatch(r"[\w./]+\.(py|toml|md)", name):
            places = (ROOT, SERVER, SERVER / "providers", ROOT / "tests/providers")
            rows = (SERVER / "providers/rows",)
            assert any((place / name).exists() for place in (*places, *rows)), name


@pytest.mark.parametrize("path", PAGES, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_links_lead_somewhere(path: Path) -> None:
    for target in re.findall(r"\]\(([^)\s]+)\)", path.read_text()):
        if not target.startswith(("http://", "https://")):
            name, _, anchor = target.partition("#")
            goal = (path.parent / name) if name else path
            assert goal.exists(), target
            assert not anchor or anchor in anchors(goal), target


def test_every_page_is_reached_from_the_readme() -> None:
    linked = set(re.findall(r"\]\(([^)#\s]+)", page("README.md")))
    pages = {path.relative_to(ROOT).as_posix() for path in PAGES} - {"README.md"}
    assert pages - linked == set()


@pytest.mark.parametrize("path", PAGES, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_what_make_is_asked_for_is_there(path: Path) -> None:
    text = path.read_text()
    inline = codes(re.sub(r"^```.*?^```", "", text, flags=re.MULTILINE | re.DOTALL))
    typed = "\n".join([*blocks(text, "(?:sh|console)?"), *inline])
    named = re.findall(r"^(?:\S+=\S+ )*make ([a-z][a-z-]*)", typed, re.MULTILINE)
    assert set(named) - TARGETS == set()


def anchors(path: Path) -> set[str]:
    """The headings as their links are written."""
    titles = re.findall(r"^#+ (.*)$", path.read_text(), re.MULTILINE)
    return {re.sub(r"[^\w -]", "", title).lower().replace(" ", "-") for title in titles}
