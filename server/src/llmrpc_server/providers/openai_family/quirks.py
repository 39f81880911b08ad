"""Ways that both dialects know: of a provider, and of models by the start of their names."""

from __future__ import annotations

from typing import Literal

import msgspec

from llmrpc import v1 as pb

Reasoning = Literal["never", "on_request", "by_default", "always"]

ALL_EFFORTS = frozenset({"none", "minimal", "low", "medium", "high", "xhigh", "max"})


class Model(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What is true of the models whose name starts with `prefix`."""

    prefix: str = ""
    reasoning: Reasoning = "never"
    """Whether it reasons; while it does, it takes no sampling parameters."""
    lacks: frozenset[str] = frozenset()
    """Places of a request, beside those that the row lacks."""


_ANY = Model()


class FamilyQuirks(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What both dialects know of a provider's ways."""

    efforts: frozenset[str] = ALL_EFFORTS
    """The values that the effort of reasoning may have."""
    cache_ttls: dict[str, int] = {}
    """The lifetimes of a cache breakpoint, in seconds, shortest first; the first is
    the default."""
    allowed_tools: bool = False
    """Whether a choice may list several allowed tools; else only those are sent."""
    names_provider_tools: bool = True
    """Whether a choice may name one of the provider's own tools."""
    unions: bool = True
    """Whether a tool's schema may be a union at its top."""
    any_arguments: bool = False
    """Whether the arguments of an earlier call may be any text, and need be no JSON object."""
    models: tuple[Model, ...] = ()
    """What differs by model: the first whose prefix fits counts."""

    @property
    def other_efforts(self) -> frozenset[str]:
        """Efforts that are asked for in another way than by their word."""
        return frozenset()

    def model(self, name: str) -> Model:
        """What is known about a model."""
        return next((model for model in self.models if name.startswith(model.prefix)), _ANY)


def reasons(request: pb.GenerateRequest, model: Model) -> bool:
    """Whether the model will reason, so far as its row says."""
    match model.reasoning:
        case "never":
            return False
        case "always":
            return True
        case "by_default":
            return request.reasoning.effort != pb.Reasoning.EFFORT_NONE
        case "on_request":
            return request.reasoning.effort not in (
                pb.Reasoning.EFFORT_UNSPECIFIED,
                pb.Reasoning.EFFORT_NONE,
            )
