"""Reflection by each of its two names alone, for tools that know only one."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import grpc
import pytest

from llmrpc_server.app import App
from llmrpc_server.rpc.server import make_server
from tests.conftest import StartGateway
from tests.running import RunningGateway, configured
from tests.tools.programs import run

VERSIONS = ["v1", "v1alpha"]


class Without(grpc.aio.ServerInterceptor):
    """The chain of a gateway that lacks one service."""

    def __init__(self, chain: grpc.aio.ServerInterceptor, service: str) -> None:
        self._chain = chain
        self._prefix = f"/{service}/"

    async def intercept_service(self, continuation: Any, handler_call_details: Any) -> Any:
        if handler_call_details.method.startswith(self._prefix):
            return None
        return await self._chain.intercept_service(continuation, handler_call_details)


@asynccontextmanager
async def gateway_without(folder: Path, version: str) -> AsyncIterator[RunningGateway]:
    app = App(configured(folder, {}, {}))
    service = f"grpc.reflection.{version}.ServerReflection"
    app.server = make_server(app.config.listen, Without(app.chain, service))
    running = RunningGateway(app, await app.start())
    try:
        yield running
    finally:
        await running.close()


@pytest.mark.parametrize("missing", VERSIONS)
async def test_one_version_is_enough(tmp_path: Path, missing: str) -> None:
    async with gateway_without(tmp_path, missing) as running:
        words = ("-plaintext", running.address, "describe", "llmrpc.v1.LLMService.Generate")
        described = await run("grpcurl", *words)
        assert "rpc Generate ( .llmrpc.v1.GenerateRequest )" in described.out, described.complaints


@pytest.mark.parametrize("version", VERSIONS)
async def test_each_version_answers_as_a_service(gateway: StartGateway, version: str) -> None:
    running = await gateway()
    method = f"grpc.reflection.{version}.ServerReflection/ServerReflectionInfo"
    words = ("-plaintext", "-d", '{"list_services": ""}', running.address, method)
    (answer,) = (await run("grpcurl", *words)).json
    listed = {each["name"] for each in answer["list_services_response"]["service"]}
    assert {"llmrpc.v1.LLMService", f"grpc.reflection.{version}.ServerReflection"} <= listed
