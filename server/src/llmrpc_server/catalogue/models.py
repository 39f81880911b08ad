"""What is known of models beside prices: sizes and capabilities, from `models.toml`."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import date
from functools import cache
from importlib.resources import files
from typing import Literal, get_args

import msgspec

Capability = Literal["tools", "json_schema", "reasoning", "prompt_cache"]
Modality = Literal["text", "image", "audio", "document", "video"]
"""The values of `llmrpc.v1.Modality`, without their prefix and in lower case."""
CAPABILITIES: tuple[str, ...] = get_args(Capability)
"""The fields of `llmrpc.v1.Capabilities`."""

_SNAPSHOT = re.compile(r"(.+?)[-@](?:latest|\d{3,4}|\d{8}|\d{4}-\d{2}-\d{2})")
"""How providers write a state of a model behind its name."""
_LONGEST = 200


class ModelFacts(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One model. What is None is not known."""

    id: str
    """As the provider names it."""
    context_tokens: int | None = None
    """Prompt and answer together; for Google the prompt alone."""
    max_output_tokens: int | None = None
    input_modalities: tuple[Modality, ...] = ()
    output_modalities: tuple[Modality, ...] = ("text",)
    capabilities: frozenset[Capability] = frozenset()


class ProviderFacts(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What the data file says of a provider's models, from where and since when."""

    as_of: date
    sources: tuple[str, ...]
    models: tuple[ModelFacts, ...]


@cache
def catalogue() -> Mapping[str, ProviderFacts]:
    """The data file, by our names of providers."""
    data = files(__package__).joinpath("models.toml").read_bytes()
    return msgspec.toml.decode(data, type=dict[str, ProviderFacts])


@cache
def known_models(provider: str) -> Mapping[str, ModelFacts]:
    """The models of a provider by their ids."""
    facts = catalogue().get(provider)
    return {} if facts is None else {model.id: model for model in facts.models}


def find_model(provider: str, model: str) -> ModelFacts | None:
    """What is known of a model, or of the model that it is a snapshot of.

    `gpt-5.4-2026-03-05` is a snapshot of `gpt-5.4`; `gpt-5.4-mini` is none.
    """
    if len(model) > _LONGEST:
        return None
    known = known_models(provider)
    return known.get(model) or known.get(snapshot_of(model))


def snapshot_of(model: str) -> str:
    """The model that a name is a snapshot of; empty where it has no mark of one."""
    found = _SNAPSHOT.fullmatch(model)
    return "" if found is None else found[1]
