"""Finds the provider and the upstream model for a name."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import AsyncExitStack
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


async def _nothing() -> bool:
    return False


async def _at_once() -> None:
    pass


@dataclass(frozen=True, slots=True)
class Knowledge:
    """What the router asks of those who know models."""

    has: Callable[[str, str], bool]
    """Whether a provider, by its name, has a model by its own name."""
    names: Callable[[str, str], bool] = lambda provider, model: False
    """The same by exact names alone, at the cost of a look: for providers that are off."""
    nearest: Callable[[str], Sequence[str]] = lambda name: ()
    """The names nearest to one that is unknown."""
    ready: Callable[[], Awaitable[None]] = _at_once
    """Prepares `nearest`, out of the event loop's way."""
    first: Callable[[], Awaitable[bool]] = _nothing
    """Waits, not long, for what is still being found out after a start; False: nothing is."""


class Router(BaseLLMClient):
    """Sends each call to the provider of its model. The first route is the default.

    A bare name goes to the first provider that has it, by the configuration or
    by what is known of models.
    """

    def __init__(self, routes: Mapping[str, Route], names: Names, knowledge: Knowledge) -> None:
        super().__init__("router")
        self._routes = dict(routes)
        self._names = names
        self._knowledge = knowledge
        self._resolved: dict[str, Target] = {}

    async def generate(
        self, request: pb.GenerateRequest, call: Call | None = None
    ) -> pb.LLMResponse:
        target = await self.aim(request.model)
        client = self._routes[target.provider].client
        try:
            return await client.generate(request, (call or Call()).aimed(target))
        except ModelNotFoundError as error:
            raise await self._helped(error, target) from error.__cause__

    async def open_stream(
        self, request: pb.GenerateRequest, call: Call | None = None
    ) -> EventStream:
        target = await self.aim(request.model)
        client = self._routes[target.provider].client
        try:
            return await client.open_stream(request, (call or Call()).aimed(target))
        except ModelNotFoundError as error:
            raise await self._helped(error, target) from error.__cause__

    async def count_tokens(
        self, request: pb.GenerateRequest, call: Call | None = None
    ) -> pb.CountTokensResponse:
        target = await self.aim(request.model)
        client = self._routes[target.provider].client
        try:
            return await client.count_tokens(request, (call or Call()).aimed(target))
        except ModelNotFoundError as error:
            raise await self._helped(error, target) from error.__cause__

    async def close(self) -> None:
        async with AsyncExitStack() as stack:  # one that fails to close leaves none open
            for route in reversed(self._routes.values()):
                stack.push_async_callback(route.client.close)

    def resolve(self, model: str) -> Target:
        """The target for a name. Raises `ModelNotFoundError` with what to do."""
        target = self._remembered(model)
        if target is None:
            raise self._not_found(model)
        return target

    def _remembered(self, model: str) -> Target | None:
        target = self._resolved.get(model)
        if target is None:
            target = self.find(model)
            if target is not None and len(self._resolved) < KEPT:
                self._resolved[model] = target
        return target

    def forget(self) -> None:
        """More is known of models: what names mean is found out anew."""
        self._resolved.clear()

    async def aim(self, model: str) -> Target:
        """The target for a name, after a wait for the providers' lists where it needs one.

        Raises as `resolve` does.
        """
        target = self._remembered(model)
        if target is None and await self._knowledge.first():
            target = self._remembered(model)
        if target is None:
            await self._knowledge.ready()
            raise self._not_found(model)
        return target

    async def _helped(self, error: ModelNotFoundError, target: Target) -> ModelNotFoundError:
        """The provider's own refusal, with the names that may have been meant."""
        await self._knowledge.ready()
        asked = f"{target.provider}/{target.model}"
        nearest = [name for name in self._knowledge.nearest(asked) if name != asked]
        if nearest and "suggestions" not in error.metadata:
            error.message += f"; did you mean {_or(nearest)}?"
            error.metadata["suggestions"] = ", ".join(nearest)
        return error

    def find(self, model: str) -> Target | None:
        """The target for a name; None for an unknown one."""
        name = self._meant(model)
        if not name:
            provider, route = next(iter(self._routes.items()))
            return Target(provider, route.default_model)
        provider, slash, upstream = name.partition("/")
        if provider in self._routes:
            return Target(provider, upstream or self._routes[provider].default_model)
        if slash and provider in self._names.unconfigured:
            return None
        for provider, route in self._routes.items():
            if name in route.models or self._knowledge.has(provider, name):
                return Target(provider, name)
        return None

    def _meant(self, model: str) -> str:
        """The name behind an alias; for no name the configured default, an alias or not."""
        name = model or self._names.default_model
        return self._names.aliases.get(name, name)

    def _not_found(self, model: str) -> ModelNotFoundError:
        name = self._meant(model)
        provider, slash, _ = name.partition("/")
        off = self._names.unconfigured
        if slash and provider in off:
            return _unknown(name, f"{provider} is off: {off[provider]}")
        if owner := next((each for each in off if self._knowledge.names(each, name)), ""):
            return _unknown(name, f"{owner} has it and is off: {off[owner]}")
        providers = ", ".join(self._routes)
        nearest = self._knowledge.nearest(name)
        meant = f"did you mean {_or(nearest)}? Else " if nearest else ""
        return _unknown(
            name,
            f"none of the configured providers ({providers}) is known to have it; "
            f"{meant}say provider/model to name one yourself",
            nearest,
        )


def _unknown(model: str, why: str, nearest: Sequence[str] = ()) -> ModelNotFoundError:
    metadata = {"model": model[:200]}
    if nearest:
        metadata["suggestions"] = ", ".join(nearest)
    return ModelNotFoundError(f"model {model!r}: {why}", metadata=metadata)


def _or(names: Sequence[str]) -> str:
    *others, last = names
    return f"{', '.join(others)} or {last}" if others else last
