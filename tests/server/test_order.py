"""The order of interceptors and policies."""

from __future__ import annotations

from typing import Any

from llmrpc.base import BaseLLMClient
from llmrpc_server.interceptors.admission import Admission
from llmrpc_server.interceptors.auth import Auth
from llmrpc_server.interceptors.chain import Chain
from llmrpc_server.interceptors.deadline import Deadline
from llmrpc_server.interceptors.errors import Errors
from llmrpc_server.interceptors.observe import Observe
from llmrpc_server.interceptors.request_id import request_id
from llmrpc_server.policies.health import HealthWatcher
from llmrpc_server.policies.pace import PaceWatcher
from llmrpc_server.policies.retry import RetryClient
from llmrpc_server.policies.tracing import TracedClient
from tests.conftest import StartGateway
from tests.server.scripted import SCRIPTED, Scripted


def layers(client: BaseLLMClient) -> list[type]:
    found: list[type] = [type(client)]
    inner: Any = getattr(client, "inner", None)
    return found + layers(inner) if inner is not None else found


async def test_interceptors_stand_in_their_order(gateway: StartGateway) -> None:
    running = await gateway()
    chain = running.app.chain
    assert isinstance(chain, Chain)
    assert chain.interceptors[0] is request_id
    order = [type(each) for each in chain.interceptors[1:]]
    assert order == [Observe, Errors, Auth, Admission, Deadline]


async def test_policies_stand_in_their_order(gateway: StartGateway) -> None:
    running = await gateway(providers=SCRIPTED, tracing={"exporter": "console"})
    stack = running.app.client._routes["scripted"].client
    assert layers(stack) == [HealthWatcher, RetryClient, PaceWatcher, TracedClient, Scripted]


async def test_an_untraced_provider_has_no_tracing_policy(gateway: StartGateway) -> None:
    running = await gateway(providers=SCRIPTED, tracing={"exporter": "none"})
    stack = running.app.client._routes["scripted"].client
    assert layers(stack) == [HealthWatcher, RetryClient, PaceWatcher, Scripted]
