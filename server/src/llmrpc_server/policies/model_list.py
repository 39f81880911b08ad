"""The models that this gateway can call, from all who know of them.

Which there are, a provider's own list says where it is known, else the catalogue's
data file. What the configuration names is there in any case. Published prices add no
model: they keep those that are gone, and models that generate no text. A model that is
known to write neither text nor images is left out, since Generate cannot call it.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from llmrpc import v1 as pb
from llmrpc_server.catalogue.describe import describe
from llmrpc_server.catalogue.models import known_models
from llmrpc_server.catalogue.prices import PriceBook
from llmrpc_server.policies.nearest import Nearest

FRESH = 60.0
"""Seconds after which the list is put together again: some prices have hours."""


_WRITTEN = frozenset({pb.MODALITY_TEXT, pb.MODALITY_IMAGE})
"""What Generate can return."""


@dataclass(frozen=True, slots=True)
class Offer:
    """What is known of a provider's models without asking it."""

    configured: frozenset[str]
    """Ids that the configuration names."""
    expected: frozenset[str] = frozenset()
    """Ids that are there unless the provider's own list says otherwise."""


Found = Callable[[str], Mapping[str, pb.Model] | None]
"""A provider's own list, by the models' ids; None where none is known."""


@dataclass(slots=True)
class _Kept:
    models: Sequence[pb.Model] = ()
    until: float = 0.0
    nearest: Nearest | None = None


@dataclass(slots=True)
class ModelList:
    """The list, kept until something changes."""

    offers: Mapping[str, Offer]
    aliases: Callable[[], Mapping[str, tuple[str, str]]]
    """The configured names, and the provider and id that each stands for."""
    prices: PriceBook
    found: Found
    _kept: _Kept = field(default_factory=_Kept)
    _lock: asyncio.Lock = field(default_factory=asyncio.Lock)
    _indexing: asyncio.Lock = field(default_factory=asyncio.Lock)

    async def models(self) -> Sequence[pb.Model]:
        """All models by name. They are shared: change none.

        Put together in a thread, since prices take their time to be found.
        """
        async with self._lock:
            kept = self._kept
            if time.monotonic() >= kept.until:
                kept.models = await asyncio.to_thread(self._described, self._entries())
                kept.until = time.monotonic() + FRESH
            return kept.models

    def changed(self) -> None:
        """Something is known that was not: all is put together again when it is asked for."""
        self._kept = _Kept()

    async def ready(self) -> None:
        """Makes what names are looked up in, in a thread: there may be many thousand."""
        async with self._indexing:
            while (kept := self._kept).nearest is None:
                await asyncio.to_thread(self.prices.load)
                kept.nearest = await asyncio.to_thread(self._index)

    def nearest(self, name: str) -> list[str]:
        """At most three names of models that are nearest to an unknown one."""
        if self._kept.nearest is None:
            self._kept.nearest = self._index()
        return self._kept.nearest.to(name)

    def _index(self) -> Nearest:
        ids = [(own, f"{owner}/{own}") for owner, own, _ in reversed(self._entries())]
        names = dict(ids) | {name: name for _, name in ids}
        return Nearest(names | {alias: alias for alias in self.aliases()})

    def _entries(self) -> list[tuple[str, str, pb.Model | None]]:
        """Provider, id and the provider's own entry of every model."""
        entries = []
        targets = set(self.aliases().values())
        for provider, offer in self.offers.items():
            found = self.found(provider)
            ids = set(offer.configured)
            ids |= {own for owner, own in targets if owner == provider}
            ids |= set(found) if found is not None else offer.expected | set(known_models(provider))
            entries += [(provider, own, (found or {}).get(own)) for own in sorted(ids)]
        return entries

    def _described(self, entries: Iterable[tuple[str, str, pb.Model | None]]) -> Sequence[pb.Model]:
        models = []
        aliases: dict[tuple[str, str], list[str]] = {}
        for alias, meant in sorted(self.aliases().items()):
            aliases.setdefault(meant, []).append(alias)
        for provider, own, said in entries:
            model = describe(provider, own, self.prices, said)
            if not _generates(model):
                continue
            model.ClearField("fallback_models")
            model.ClearField("aliases")
            model.aliases.extend(aliases.get((provider, own), ()))
            models.append(model)
        return sorted(models, key=lambda model: model.name)


def _generates(model: pb.Model) -> bool:
    """Whether Generate can call the model, as far as is known."""
    written = model.output_modalities
    return not written or not _WRITTEN.isdisjoint(written)
