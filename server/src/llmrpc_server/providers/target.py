"""Whom a request is written for: the row, its quirks, and what the model is."""

from __future__ import annotations

from typing import Generic, Protocol, TypeVar

from llmrpc import v1 as pb
from llmrpc.findings import Findings
from llmrpc.hints import HINTS, Hint
from llmrpc_server.providers.row import Row


class ModelQuirks(Protocol):
    """What a dialect knows of a model."""

    @property
    def lacks(self) -> frozenset[str]:
        """Places of a request, beside those that the row lacks."""


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

    def refuse_of_model(self, kind: str, place: str) -> None:
        """Notes a part of a kind that no message of the model may have, as a violation."""
        self.findings.unsupported(
            f"{place}.{kind}", f"{self.row.name} does not accept {kind} in a message of the model"
        )

    def leave_out(self, part: pb.Part, place: str, *hints: Hint) -> None:
        """Warns of hints of a part that have no place where they stand."""
        for hint in hints:
            if part.HasField(hint):
                self.findings.drop(f"{place}.{hint}", HINTS[hint])

    def leave_out_annotations(self, part: pb.Part, place: str, what: str = "annotations") -> None:
        """Warns of annotations where none are accepted; `what` is not."""
        if part.annotations:
            self.findings.drop(f"{place}.annotations", what)

    def own_annotations(self, part: pb.Part, place: str) -> list[tuple[int, pb.Annotation]]:
        """The provider's own annotations of a part that have their data, with their indices.

        The others are warned of, once.
        """
        name = self.row.name
        own = [
            (index, each)
            for index, each in enumerate(part.annotations)
            if each.provider == name and each.data
        ]
        if len(own) < len(part.annotations):
            self.findings.warn(
                f"{place}.annotations",
                f"{name} accepts only its own annotations with their data; the others are dropped",
            )
        return own

    def own_block(self, part: pb.Part, place: str) -> pb.ProviderBlock | None:
        """The provider block of a part; None, with a warning, for another provider's."""
        block = part.provider_block
        if block.provider == self.row.name:
            return block
        self.findings.warn(
            f"{place}.provider_block",
            f"this is a block of {block.provider or 'an unknown provider'}; dropped",
        )
        return None

    def refusal_as_text(self, part: pb.Part, place: str) -> str:
        """The text of a refusal, with a warning, for a provider that has no such part."""
        self.findings.warn(
            f"{place}.refusal", f"{self.row.name} has no refusals in a request; sent as text"
        )
        return part.refusal
