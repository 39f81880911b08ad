"""grpc_health_probe, as Kubernetes ran it before it had probes of its own: by exit code."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import AsyncIterator
from typing import Any

import grpc
import pytest

from llmrpc import v1 as pb
from llmrpc.v1.llm_service_pb2_grpc import LLMServiceStub
from tests.conftest import Certificates, StartGateway, StartProcess, holding_port
from tests.running import LIMIT, GatewayProcess, as_async
from tests.server.test_tls import tls
from tests.server.wire import ask
from tests.tools.programs import run

SERVING, NO_CONNECTION, FAILED, NOT_SERVING = 0, 2, 3, 4
"""The probe's exit codes, from its README."""
BRIEFLY = "500ms"
"""How long a connection is tried for that cannot come about."""
NAMES = ["", "llmrpc.v1.LLMService", "provider/echo"]


async def probe(address: str, service: str = "", *how: str, patience: str = "20s") -> int:
    limits = ("-connect-timeout", patience, "-rpc-timeout", "20s")
    done = await run("grpc_health_probe", "-addr", address, "-service", service, *limits, *how)
    return done.status


@pytest.mark.parametrize("service", NAMES)
async def test_what_serves_is_zero(gateway: StartGateway, service: str) -> None:
    assert await probe((await gateway()).address, service) == SERVING


@pytest.mark.parametrize("service", ["provider/openai", "llmrpc.v1.Nonsense"])
async def test_what_is_not_there_fails(gateway: StartGateway, service: str) -> None:
    assert await probe((await gateway()).address, service) == FAILED


async def test_a_probe_needs_no_key(gateway: StartGateway) -> None:
    running = await gateway(auth=[{"name": "tutor", "sha256": "0" * 64}])
    assert await probe(running.address) == SERVING


@pytest.mark.parametrize("mutual", [False, True])
async def test_over_tls(gateway: StartGateway, certificates: Certificates, mutual: bool) -> None:
    running = await gateway(listen={"tls": tls(certificates, mutual=mutual)})
    address = f"localhost:{running.port}"
    trusted = ("-tls", "-tls-ca-cert", str(certificates.ca))
    own = (
        *("-tls-client-cert", str(certificates.client_cert)),
        *("-tls-client-key", str(certificates.client_key)),
    )
    for service in NAMES:
        assert await probe(address, service, *trusted, *own) == SERVING
    if mutual:
        assert await probe(address, "", *trusted, patience="1s") == NO_CONNECTION
    else:
        assert await probe(address, "", *trusted) == SERVING
    assert await probe(address, patience="1s") == NO_CONNECTION


class Batch:
    """A call that goes on until it is told that nothing more comes."""

    def __init__(self, stub: Any) -> None:
        self._items: asyncio.Queue[pb.BatchItem | None] = asyncio.Queue()
        self._call = stub.BatchGenerate(self._send(), timeout=LIMIT)

    async def _send(self) -> AsyncIterator[pb.BatchItem]:
        while (item := await self._items.get()) is not None:
            yield item

    async def answer(self, name: str) -> str:
        self._items.put_nowait(pb.BatchItem(id=name, generate=ask()))
        result = await self._call.read()
        return str(result.response.content)

    async def end(self) -> Any:
        self._items.put_nowait(None)
        return await self._call.code()


async def test_from_before_the_start_to_the_end(gateway_process: StartProcess) -> None:
    with holding_port() as port:
        assert await probe(f"127.0.0.1:{port}", patience=BRIEFLY) == NO_CONNECTION
    process: GatewayProcess = await gateway_process(listen={"drain_pause": 60.0, "grace": 20.0})
    address = await process.address()
    assert [await probe(address, name) for name in NAMES] == [SERVING] * 3
    async with grpc.aio.insecure_channel(address) as channel:
        batch = Batch(as_async(LLMServiceStub(channel)))
        assert await batch.answer("before") == "Hello there"
        process.process.send_signal(signal.SIGTERM)
        async with asyncio.timeout(LIMIT):
            while (status := await probe(address)) == SERVING:
                pass
        assert status == NOT_SERVING
        assert [await probe(address, name) for name in NAMES] == [NOT_SERVING] * 3
        assert await batch.answer("while it drains") == "Hello there"
        assert await batch.end() is grpc.StatusCode.OK
    assert await process.terminate() == 0
    assert await probe(address, patience=BRIEFLY) == NO_CONNECTION
