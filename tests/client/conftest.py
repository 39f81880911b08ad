"""A scripted gateway, and a client of it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from llmrpc import GatewayClient
from tests.client.batch_files import Files
from tests.client.gateway import Gateway, serve


@pytest.fixture
async def gateway() -> AsyncIterator[Gateway]:
    async with serve(Gateway()) as running:
        yield running


@pytest.fixture
async def client(gateway: Gateway) -> AsyncIterator[GatewayClient]:
    async with GatewayClient(gateway.target) as connected:
        yield connected


@pytest.fixture
def files(tmp_path: Path) -> Files:
    return Files(tmp_path)
