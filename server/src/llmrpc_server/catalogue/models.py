"""Sizes and capabilities of models, from the catalogue's own dated data file."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator, Mapping
from functools import cache
from importlib import resources
from typing import Literal

import msgspec

Capability = Literal[
    "image_input",
    "audio_input",
    "document_input",
    "tools",
    "json_schema",
    "reasoning",
    "prompt_cache",
]


class ModelFacts(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What is known of one model; None is unknown."""

    id: str
    context_tokens: int | None = None
    """The size of prompt and answer together."""
    max_output_tokens: int | None = None
    """The size of the answer."""
    capabilities: frozenset[Capability] = frozenset()


class ProviderFacts(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What is known of one provider's models, by which sources, and since when."""

    as_of: str
    sources: tuple[str, ...]
    models: tuple[ModelFacts, ...] = ()


def find_model(provider: str, model: str) -> ModelFacts | None:
    """What is known of a model, by the longest id that its name starts with."""
    found = None
    for facts in known_models(provider):
        longer = found is None or len(facts.id) > len(found.id)
        if longer and _is_version_of(model, facts.id):
            found = facts
    return found


def known_models(provider: str) -> Iterator[ModelFacts]:
    """The models of a provider in the data file's order."""
    facts = catalogue().get(provider)
    return iter(facts.models if facts is not None else ())


@cache
def catalogue() -> Mapping[str, ProviderFacts]:
    """The data file, by provider. Raises `msgspec.ValidationError` for a wrong one."""
    text = resources.files(__package__).joinpath("models.toml").read_text("utf-8")
    return msgspec.convert(tomllib.loads(text), dict[str, ProviderFacts])


def _is_version_of(model: str, id: str) -> bool:
    """Whether a name is the id, or the id and a version behind it."""
    return model.startswith(id) and not model[len(id) : len(id) + 1].isalnum()
