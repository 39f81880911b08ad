"""A model as the contract tells it: what is known of it, put together."""

from __future__ import annotations

from llmrpc import v1 as pb
from llmrpc_server.catalogue.models import find_model
from llmrpc_server.catalogue.prices import PriceBook


def describe(provider: str, id: str, prices: PriceBook, said: pb.Model | None = None) -> pb.Model:
    """What is known of a model: what the provider said of it, then the catalogue's facts.

    `said` is the provider's own entry; what it leaves open is filled in. Nothing is
    made up: what nobody knows stays absent.
    """
    model = pb.Model()
    if said is not None:
        model.CopyFrom(said)
    model.name, model.provider, model.id = f"{provider}/{id}", provider, id
    facts = find_model(provider, id)
    if facts is not None:
        if facts.context_tokens is not None and not model.HasField("context_tokens"):
            model.context_tokens = facts.context_tokens
        if facts.max_output_tokens is not None and not model.HasField("max_output_tokens"):
            model.max_output_tokens = facts.max_output_tokens
        if not model.input_modalities:
            model.input_modalities.extend(map(_modality, facts.input_modalities))
        if not model.output_modalities:
            model.output_modalities.extend(map(_modality, facts.output_modalities))
        if facts.capabilities and not model.HasField("capabilities"):
            for capability in facts.capabilities:
                setattr(model.capabilities, capability, True)
    if not model.HasField("pricing"):
        pricing = prices.pricing(provider, id)
        if pricing is not None:
            model.pricing.CopyFrom(pricing)
    return model


def _modality(name: str) -> pb.Modality.ValueType:
    return pb.Modality.Value(f"MODALITY_{name.upper()}")
