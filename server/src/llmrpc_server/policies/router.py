"""Finds the provider and the upstream model for a name."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from llmrpc import v1 as pb
from llmrpc.base import BaseLLMClient
from llmrpc.call import Call, Target
from llmrpc.errors import ModelNotFoundError
from llmrpc.stream import EventStream

KEPT = 4096
"""Names whose targets are remembered; names come from callers, so not all."""


@dataclass(frozen=True, slots=True)
class Route:
    """A configured provider, as the router knows it."""

    client: BaseLLMClient
    default_model: str
    models: frozenset[str] = frozenset()
    """Bare names that the configuration gives it."""


@dataclass(frozen=True, slots=True)
class Names:
    """What names mean beside `provider/model`."""

    default_model: str = ""
    """For a request without a model; empty takes the first provider's own."""
    aliases: Mapping[str, str] = field(default_factory=dict)
    unconfigured: Mapping[str, str] = field(default_factory=dict)
    """Known providers that are off, and what turns them on."""


class Router(BaseLLMClient):
    """Sends each call to the provider of its model. The first route is the default.

    A bare name goes to the first provider that has it, by the configuration or
    by `knows(provider, model)`.
    """

    def __init__(
        self, routes: Mapping[str, Route], names: Names, knows: Callable[[str, str], bool]
    ) -> None:
        super().__init__("router")
        self._routes = dict(routes)
        self._names = names
        self._knows = knows
        self._resolved: dict[str, Target] = {}

    async def generate(
        self, request: pb.GenerateRequest, call: Call | None = None
    ) -> pb.LLMResponse:
        target = self.resolve(request.model)
        client = self._routes[target.provider].client
        return await client.generate(request, (call or Call()).aimed(target))

    async def open_stream(
        self, request: pb.GenerateRequest, call: Call | None = None
    ) -> EventStream:
        target = self.resolve(request.model)
        client = self._routes[target.provider].client
        return await client.open_stream(request, (call or Call()).aimed(target))

    async def count_tokens(
        self, request: pb.GenerateRequest, call: Call | None = None
    ) -> pb.CountTokensResponse:
        target = self.resolve(request.model)
        client = self._routes[target.provider].client
        return await client.count_tokens(request, (call or Call()).aimed(target))

    async def close(self) -> None:
        for route in self._routes.values():
            await route.client.close()

    def resolve(self, model: str) -> Target:
        """The target for a name. Raises `ModelNotFoundError` with what to do."""
        target = self._resolved.get(model)
        if target is None:
            target = self._find(model)
            if len(self._resolved) < KEPT:
                self._resolved[model] = target
        return target

    def _find(self, model: str) -> Target:
        name = self._names.aliases.get(model, model) or self._names.default_model
        if not name:
            provider, route = next(iter(self._routes.items()))
            return Target(provider, route.default_model)
        provider, slash, upstream = name.partition("/")
        if provider in self._routes:
            return Target(provider, upstream or self._routes[provider].default_model)
        if slash and provider in self._names.unconfigured:
            raise _unknown(name, f"{provider} is off: {self._names.unconfigured[provider]}")
        for provider, route in self._routes.items():
            if name in route.models or self._knows(provider, name):
                return Target(provider, name)
        providers = ", ".join(self._routes)
        raise _unknown(
            name,
            f"none of the configured providers ({providers}) is known to have it; "
            "say provider/model to name one yourself",
        )


def _unknown(model: str, why: str) -> ModelNotFoundError:
    return ModelNotFoundError(f"model {model!r}: {why}", metadata={"model": model[:200]})
