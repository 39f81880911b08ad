"""What a request may call a model."""

from __future__ import annotations

from llmrpc import v1 as pb


def answers_to(model: pb.Model, name: str) -> bool:
    """Whether a request with this name can mean the model.

    A model answers to its full name, its own id, its aliases, the name of its provider
    (which means the provider's default model), and to no name at all.
    """
    bare = name.removesuffix("/")
    return not name or bare in (model.name, model.id, model.provider, *model.aliases)
