"""The providers' own lists of models: read in the background, the last good one kept."""

from __future__ import annotations

import asyncio
import logging
import random
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass

from llmrpc import v1 as pb
from llmrpc.errors import (
    AuthenticationError,
    LLMClientError,
    PermissionDeniedError,
    RateLimitError,
)
from llmrpc_server.bounds import Positive, Seconds
from llmrpc_server.policies.keys import KeyRing
from llmrpc_server.providers.adapter import ProviderClient
from llmrpc_server.providers.listing import is_name

logger = logging.getLogger("llmrpc.models")

FIRST_RETRY = 30.0
"""Seconds after which a list that could not be read is asked for again; it doubles."""
NO_MODEL = "the list of models"
"""Stands for a model where a key is picked: no model has this name."""

Lister = Callable[[], Awaitable[Sequence[pb.Model] | None]]
"""Reads a list; None or nothing where the provider has none."""


@dataclass(frozen=True, slots=True)
class DiscoverySettings:
    """The lists of models that providers give. Times are in seconds."""

    discovery: bool = True
    """Reads them; false leaves it at the catalogue and the configuration."""
    refresh: Positive = 3600.0
    """How long a list is taken for true before it is read again."""
    timeout: Positive = 10.0
    """What reading one may take, all its pages together."""
    wait: Seconds = 2.0
    """How long a call may wait for the first lists after a start, where it needs them."""


class Discovery:
    """Reads lists until it is closed. `start` needs a running event loop, and waits for nothing.

    A provider that fails keeps its last good list; that it fails, and that it is well
    again, is logged once each.
    """

    def __init__(
        self,
        listers: Mapping[str, Lister],
        settings: DiscoverySettings,
        on_change: Callable[[], None],
    ) -> None:
        self._listers = dict(listers) if settings.discovery else {}
        self._settings = settings
        self._on_change = on_change
        self._found: dict[str, dict[str, pb.Model]] = {}
        self._tried = {name: asyncio.Event() for name in self._listers}
        self._tasks: list[asyncio.Task[None]] = []

    def start(self) -> None:
        """Begins to read."""
        loop = asyncio.get_running_loop()
        for name, lister in self._listers.items():
            self._tasks.append(loop.create_task(self._watch(name, lister), name=f"list {name}"))

    async def close(self) -> None:
        """Stops reading."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def found(self, provider: str) -> Mapping[str, pb.Model] | None:
        """A provider's own list by the models' ids; None while none is known."""
        return self._found.get(provider)

    async def first(self) -> bool:
        """Waits until each list was tried once, at most `wait` seconds.

        Says whether there was anything to wait for.
        """
        missing = [event for event in self._tried.values() if not event.is_set()]
        if not missing or not self._tasks:
            return False
        try:
            async with asyncio.timeout(self._settings.wait):
                for event in missing:
                    await event.wait()
        except TimeoutError:
            pass
        return True

    async def _watch(self, name: str, lister: Lister) -> None:
        failures = 0
        while True:
            try:
                async with asyncio.timeout(self._settings.timeout):
                    models = await lister()
            except Exception as error:  # noqa: BLE001 - an own client may raise anything
                failures += 1
                if failures == 1:
                    logger.warning("%s does not list its models: %s", name, self._told(error))
            else:
                if failures:
                    logger.info("%s lists its models again", name)
                failures = 0
                self._keep(name, models or ())
            self._tried[name].set()
            await asyncio.sleep(self._pause(failures))

    def _keep(self, name: str, models: Sequence[pb.Model]) -> None:
        found = {model.id: model for model in models if is_name(model.id)}
        if found and found != self._found.get(name):
            self._found[name] = found
            self._on_change()

    def _told(self, error: Exception) -> str:
        """A sentence for the log; of what is not ours the kind alone, it may hold anything."""
        if isinstance(error, TimeoutError):
            return f"it takes longer than {self._settings.timeout:g} s"
        return error.message if isinstance(error, LLMClientError) else type(error).__name__

    def _pause(self, failures: int) -> float:
        refresh = self._settings.refresh
        if failures:
            refresh = min(refresh, FIRST_RETRY * 2 ** min(failures - 1, 10))
        return refresh * random.uniform(0.9, 1.0)  # noqa: S311 - not all gateways at once


def with_keys(client: ProviderClient, keys: KeyRing, settings: DiscoverySettings) -> Lister:
    """Reads the list of an adapter with the first of its keys that is good for it.

    Keys that rest are left alone, and none is made to rest: what a key may list says
    nothing of what it may generate.
    """

    async def lister() -> Sequence[pb.Model] | None:
        for _ in range(len(keys) - 1):
            try:
                return await client.listed(keys.pick(NO_MODEL), settings.timeout)
            except (AuthenticationError, PermissionDeniedError, RateLimitError) as error:
                logger.debug("%s: another key: %s", client.provider_name, error.message)
        return await client.listed(keys.pick(NO_MODEL), settings.timeout)

    return lister
