"""A provider behind retries that take keys in turn."""

from __future__ import annotations

from typing import Any

from llmrpc import ApiKey, Secret
from llmrpc_server.policies.keys import KeyRing
from llmrpc_server.policies.retry import RetryClient, RetrySettings
from tests.policies.fakes import (
    Clock,
    Provider,
)


def ring(clock: Clock, *names: str) -> KeyRing:
    return KeyRing("openai", [ApiKey(name, Secret(f"sk-{name}")) for name in names], clock)


def rotating(
    provider: Provider,
    clock: Clock,
    *names: str,
    jitter: float = 0.0,
    **settings: Any,
) -> RetryClient:
    """Around a provider with these keys; of each span of jitter so much is taken.

    The rest are settings.
    """

    def uniform(low: float, high: float) -> float:
        return low + (high - low) * jitter

    keys = ring(clock, *names)
    return RetryClient(provider, keys, RetrySettings(**settings), clock.sleep, uniform)
