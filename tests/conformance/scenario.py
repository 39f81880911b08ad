"""A scenario: what is called, what the provider does, what everybody sees.

A file of `scenarios/` has one, or a list of them:

- `name`, `about`; `listener`: `plain` (the default) or another target of gateways.py;
  `token`: `right`, or a wrong one itself
- `calls`: as the runner gets them (README.md), each with its `expect`, and with `compare`
  where only these keys of its `error` are compared
- `provider`: what it does, try by try, or for batches by the item's text (play.py)
- `seen`: what the provider saw, try by try; each names the keys that are compared. The
  gateway of the future tells in `sent_back`, message by message, which are its own
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.conformance.template import expand

FOLDER = Path(__file__).parent / "scenarios"
SUITE_KEYS = frozenset({"expect", "compare"})
"""What of a call is the suite's own."""
CALL_KEYS = SUITE_KEYS | {
    *("method", "request", "continue", "timeout_ms", "request_id", "metadata", "cancel_after"),
    "bytes",
}


@dataclass(frozen=True, slots=True)
class Scenario:
    """One scenario, written out."""

    name: str
    about: str
    calls: Sequence[Mapping[str, Any]]
    provider: Sequence[Mapping[str, Any]] | Mapping[str, Mapping[str, Any]] = ()
    seen: Sequence[Mapping[str, Any]] = ()
    listener: str = "plain"
    token: str = ""
    file: Path = field(default=FOLDER)

    def for_runner(self, target: Mapping[str, str], folder: Path) -> dict[str, Any]:
        """What the runner gets; `folder` is where the file to cancel at is made."""
        calls = []
        for call in self.calls:
            given = {key: value for key, value in call.items() if key not in SUITE_KEYS}
            if given.get("cancel_after") == 0:
                given["cancel_when"] = str(self.cancel_file(folder))
            calls.append(given)
        return {"name": self.name, "target": dict(target), "calls": calls}

    def cancel_file(self, folder: Path) -> Path:
        """Is made when the provider has the request, for a call with `cancel_after: 0`."""
        return folder / f"{self.name}.asked"


def load(folder: Path = FOLDER) -> list[Scenario]:
    """All scenarios, by the names of their files.

    `ValueError` for a name that is there twice, and for a call with a key that nobody reads.
    """
    scenarios: list[Scenario] = []
    for path in sorted(folder.glob("*.json")):
        written = json.loads(path.read_text())
        every = written if isinstance(written, list) else [written]
        scenarios += [Scenario(**expand(one), file=path) for one in every]
    names = [one.name for one in scenarios]
    twice = {name for name in names if names.count(name) > 1}
    if twice:
        raise ValueError(f"scenarios of the same name: {', '.join(sorted(twice))}")
    for one in scenarios:
        unknown = {key for call in one.calls for key in call} - CALL_KEYS
        if unknown:
            raise ValueError(f"{one.name}: a call has no {', '.join(sorted(unknown))}")
    return scenarios
