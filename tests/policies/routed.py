"""A router before two fake providers, and what it can find out of models."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from llmrpc_server.policies.router import Knowledge, Names, Route, Router
from tests.policies.fakes import Provider

KNOWN = {("openai", "gpt-4o"), ("mistral", "large"), ("google", "gemini"), ("openai", "both")}


class Known:
    """What is known of models, and how often anybody asked."""

    def __init__(self, nearest: Sequence[str] = ()) -> None:
        self.models = set(KNOWN)
        self.asked: list[str] = []
        self.near = nearest
        self.later: set[tuple[str, str]] | None = None
        """What the first lists bring; None: they are all there."""
        self.waits = 0

    def knowledge(self) -> Knowledge:
        return Knowledge(self.has, self.has, self.nearest, first=self.first)

    def has(self, provider: str, model: str) -> bool:
        self.asked.append(model)
        return (provider, model) in self.models

    def nearest(self, name: str) -> Sequence[str]:
        self.asked.append(name)
        return self.near

    async def first(self) -> bool:
        self.waits += 1
        if self.later is None:
            return False
        self.models |= self.later
        return True


class Providers:
    """A router before two providers; google is off."""

    def __init__(
        self,
        *,
        default: str = "",
        aliases: Mapping[str, str] | None = None,
        nearest: Sequence[str] = (),
    ) -> None:
        self.openai, self.mistral = Provider(), Provider(name="mistral")
        self.known = Known(nearest)
        names = Names(default, aliases or {}, {"google": "set GOOGLE_AI_API_KEY"})
        routes = {
            "openai": Route(self.openai, "gpt-4o-mini"),
            "mistral": Route(self.mistral, "small", frozenset({"both", "org/tuned"})),
        }
        self.router = Router(routes, names, self.known.knowledge())


ALIASES = {"fast": "mistral/tiny", "bare": "large", "house": "mistral", "odd": "no-such"}
