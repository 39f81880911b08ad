"""What stands in the pages: blocks of code, tables, links."""

from __future__ import annotations

import re
from pathlib import Path

ROOT = Path(__file__).parents[2]


def page(name: str) -> str:
    """A page by its path from the root."""
    return (ROOT / name).read_text()


def blocks(text: str, language: str) -> list[str]:
    """The blocks of a language, in order."""
    return re.findall(rf"^```{language}\n(.*?)^```", text, re.MULTILINE | re.DOTALL)


def first_cells(text: str) -> list[str]:
    """What stands as code in the first column of the tables."""
    cells = re.findall(r"^\| ([^|]*) \|", text, re.MULTILINE)
    return [name for cell in cells for name in codes(cell)]


def codes(text: str) -> list[str]:
    """What stands as code."""
    return re.findall(r"`([^`\n]+)`", text)


def section(text: str, title: str) -> str:
    """What stands below a heading, down to the next of its kind."""
    found = re.search(rf"^(#+) {re.escape(title)}\n(.*)", text, re.MULTILINE | re.DOTALL)
    assert found is not None, title
    return re.split(rf"^{found[1]} ", found[2], maxsplit=1, flags=re.MULTILINE)[0]
