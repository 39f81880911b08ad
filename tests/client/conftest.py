"""A scripted gateway, and a client of it."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from llmrpc import GatewayClient
from tests.client.gateway import Gateway, serve


@pytest.fixture
async def gateway() -> AsyncIterator[Gateway]:
    async with serve(Gateway()) as running:
        yield running


@pytest.fixture
async def client(gateway: Gateway) -> AsyncIterator[GatewayClient]:
    async with GatewayClient(gateway.target) as connected:
        yield connected
