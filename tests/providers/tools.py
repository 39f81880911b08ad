"""Tools of a request, in JSON."""

from __future__ import annotations

from typing import Any

NAMED = {"mode": "MODE_NAMED", "allowedNames": ["f"]}
"""The choice of the one tool `f`."""


def function(name: str, **fields: Any) -> dict[str, Any]:
    """A tool that the caller runs."""
    return {"function": {"name": name, **fields}}
