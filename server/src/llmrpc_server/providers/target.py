"""Whom a request is written for: the row, its quirks, and what the model is."""

from __future__ import annotations

from typing import Generic, Literal, Protocol, TypeVar

from llmrpc import v1 as pb
from llmrpc.findings import Findings
from llmrpc_server.providers.dialect import Row


class ModelQuirks(Protocol):
    """What a dialect knows of a model."""

    @property
    def lacks(self) -> frozenset[str]:
        """Places of a request, beside those that the row lacks."""


Hint = Literal["signature", "cache_breakpoint"]
Q = TypeVar("Q")
M = TypeVar("M", bound=ModelQuirks)


class Target(Generic[Q, M]):
    """One provider and model, and what is found out about them on the way."""

    __slots__ = ("findings", "model", "name", "quirks", "row")

    def __init__(self, row: Row, quirks: Q, model: M, name: str, findings: Findings) -> None:
        self.row = row
        self.quirks = quirks
        self.model = model
        self.name = name
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

    def leave_out(self, part: pb.Part, place: str, *hints: Hint) -> None:
        """Warns of hints of a part that have no place where they stand."""
        for hint in hints:
            if part.HasField(hint):
                self.findings.warn(
                    f"{place}.{hint}", f"{self.row.name} has no place for it: left out"
                )
