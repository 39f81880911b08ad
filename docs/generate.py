"""Writes the tables in docs/ that repeat the code: `make docs`.

A table stands in its page between two comments, `<!-- make docs: NAME -->` and
`<!-- end -->`. What is outside them is written by hand and left alone.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from docs.contract_page import index, reference_page
from docs.fields import fields
from docs.providers_table import buckets, options_and_gaps, protocols, providers, tool_uses
from docs.reasons_table import each_reason, reasons
from docs.settings_table import environment, settings

FOLDER = Path(__file__).parent
TABLES: Mapping[str, Mapping[str, Callable[[], str]]] = {
    "configuration.md": {"settings": settings, "environment": environment},
    "contract.md": {"index": index, "reference": reference_page},
    "errors.md": {"reasons": reasons, "each reason": each_reason},
    "providers.md": {
        "providers": providers,
        "options and gaps": options_and_gaps,
        "protocols": protocols,
        "fields": fields,
        "buckets": buckets,
        "tool prices": tool_uses,
    },
}
"""The tables by page and name."""


def renewed(text: str, tables: Mapping[str, Callable[[], str]]) -> str:
    """The page with these tables as they are now. Raises `ValueError` for one without a place."""
    for name, table in tables.items():
        start, end = f"<!-- make docs: {name} -->\n", "<!-- end -->"
        place = re.compile(f"{re.escape(start)}.*?{re.escape(end)}", re.DOTALL)
        if len(place.findall(text)) != 1:
            raise ValueError(f"the page has no one place for the table {name!r}")
        before, after = place.split(text)
        text = f"{before}{start}\n{table()}\n\n{end}{after}"
    return text


def main(arguments: Sequence[str]) -> int:
    """Renews the pages, or with `--check` names those that differ; 1 when there are any."""
    stale = []
    for page, tables in TABLES.items():
        path = FOLDER / page
        text = path.read_text()
        now = renewed(text, tables)
        if now != text:
            stale.append(path.name)
            if "--check" not in arguments:
                path.write_text(now)
    if "--check" not in arguments:
        return 0
    for name in stale:
        sys.stderr.write(f"docs/{name}: a table is not what the code says\n")
    return 1 if stale else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
