"""The gateway as `App` builds it, with the interop service mounted beside its own."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any, Protocol

import pytest

from llmrpc_server.app import App
from llmrpc_server.interceptors import auth
from tests.interop.service import SERVICE, mount
from tests.running import RunningGateway, configured


class StartTestBuild(Protocol):
    """`await test_build(listen={…})`; `service=False` mounts nothing."""

    async def __call__(self, *, service: bool = True, **settings: Any) -> RunningGateway: ...


@pytest.fixture
async def test_build(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[StartTestBuild]:
    """Starts such gateways, which stop with the test."""
    running: list[RunningGateway] = []
    monkeypatch.setattr(auth, "RULES", {**auth.RULES, SERVICE: "caller"})

    async def start(*, service: bool = True, **settings: Any) -> RunningGateway:
        app = App(configured(tmp_path, settings, {}))
        if service:
            mount(app.server)
        running.append(RunningGateway(app, await app.start()))
        return running[-1]

    yield start
    for one in running:
        await one.close()
