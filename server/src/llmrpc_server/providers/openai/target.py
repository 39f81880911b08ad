"""Whom a request is written for: the row, its quirks, and what the model is."""

from __future__ import annotations

from llmrpc.findings import Findings
from llmrpc_server.providers.dialect import Row
from llmrpc_server.providers.openai.quirks import Quirks


class Target:
    """One provider and model, and what is found out about them on the way."""

    __slots__ = ("findings", "model", "name", "quirks", "row")

    def __init__(self, row: Row, quirks: Quirks, name: str, findings: Findings) -> None:
        self.row = row
        self.quirks = quirks
        self.name = name
        self.model = quirks.model(name)
        self.findings = findings

    def lacks(self, place: str) -> bool:
        """Whether the row or the model has nothing for this place of a request."""
        return place in self.row.lacks or place in self.model.lacks

    def refuses(self, place: str, field: str | None = None) -> bool:
        """The same, noted as a violation of `field`, which is else the place."""
        lacks = self.lacks(place)
        if lacks:
            self.findings.unsupported(field or place)
        return lacks
