"""The policies around each provider, in the one order they have."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from opentelemetry.trace import Tracer

from llmrpc.base import BaseLLMClient
from llmrpc_server.policies.health import HealthWatcher
from llmrpc_server.policies.keys import KeyRing
from llmrpc_server.policies.pace import Pace, PaceWatcher
from llmrpc_server.policies.retry import RetryClient, RetrySettings
from llmrpc_server.policies.tracing import TracedClient


@dataclass(frozen=True, slots=True)
class Parts:
    """What the policies of one provider need."""

    keys: KeyRing
    retry: RetrySettings
    pace: Pace
    on_health_change: Callable[[str, bool], None]
    tracer: Tracer | None = None


Policy = Callable[[BaseLLMClient, Parts], BaseLLMClient]


def _health(inner: BaseLLMClient, parts: Parts) -> BaseLLMClient:
    return HealthWatcher(inner, parts.on_health_change)


def _retry(inner: BaseLLMClient, parts: Parts) -> BaseLLMClient:
    return RetryClient(inner, parts.keys, parts.retry)


def _pace(inner: BaseLLMClient, parts: Parts) -> BaseLLMClient:
    return PaceWatcher(inner, parts.pace.limited)


def _tracing(inner: BaseLLMClient, parts: Parts) -> BaseLLMClient:
    return inner if parts.tracer is None else TracedClient(inner, parts.tracer)


POLICIES: tuple[Policy, ...] = (_health, _retry, _pace, _tracing)
"""Outermost first. The router stands before them, the adapter behind them."""


def provider_stack(adapter: BaseLLMClient, parts: Parts) -> BaseLLMClient:
    """The adapter inside its policies; without a tracer it is not traced."""
    client = adapter
    for policy in reversed(POLICIES):
        client = policy(client, parts)
    return client
