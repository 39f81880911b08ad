"""A stock client with the service config of the docs loses no call to restarts."""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import grpc

from llmrpc.v1.llm_service_pb2_grpc import LLMServiceStub
from llmrpc_server.rpc.server import ListenSettings
from tests.conftest import StartProcess
from tests.docs.pages import blocks, page, section
from tests.gateway.conftest import ask
from tests.running import GatewayProcess, until

PAGE = page("docs/load-balancing.md")
CONFIG = json.loads(blocks(PAGE, "json")[0])
OPTIONS = {
    name: int(value)
    for name, value in re.findall(
        r"\| `(grpc\.\w+)` \| (\d+) \|", section(PAGE, "When gateways come and go")
    )
}
CALLERS = 4
PAUSE = ListenSettings().drain_pause


@asynccontextmanager
async def load(target: str, config: dict[str, Any], **options: int) -> AsyncIterator[list[str]]:
    """Calls without a pause, until the block ends; what became of each."""
    arguments = [("grpc.service_config", json.dumps(config)), *options.items()]
    outcomes: list[str] = []
    over = asyncio.Event()

    async def call(stub: Any) -> None:
        while not over.is_set():
            try:
                await stub.Generate(ask(model="echo"), timeout=30)
                outcomes.append("OK")
            except grpc.aio.AioRpcError as error:
                outcomes.append(f"{error.code().name}: {error.details()}")

    async with grpc.aio.insecure_channel(target, options=arguments) as channel:
        stub: Any = LLMServiceStub(channel)
        calling = [asyncio.create_task(call(stub)) for _ in range(CALLERS)]
        await until(lambda: outcomes)
        yield outcomes
        over.set()
        await asyncio.gather(*calling)


async def start(
    gateway_process: StartProcess, address: str = "127.0.0.1:0"
) -> tuple[str, GatewayProcess]:
    """A gateway at this address, and the address that it then has."""
    process = await gateway_process(listen={"address": address, "drain_pause": PAUSE})
    return await process.address(), process


async def more(outcomes: list[str]) -> None:
    """Waits for so many calls that each caller has made some."""
    before = len(outcomes)
    await until(lambda: len(outcomes) > before + 10 * CALLERS)


async def test_two_gateways_restart_in_turn(gateway_process: StartProcess) -> None:
    assert PAUSE == 1.0
    gateways = dict([await start(gateway_process), await start(gateway_process)])
    async with load(f"ipv4:{','.join(gateways)}", CONFIG) as outcomes:
        for address, process in gateways.items():
            await more(outcomes)
            assert await process.terminate() == 0
            await more(outcomes)
            _, fresh = await start(gateway_process, address)
            await until(lambda: '"message":"call"' in fresh.stderr)  # noqa: B023
    assert set(outcomes) == {"OK"}


async def test_one_gateway_restarts_in_place(gateway_process: StartProcess) -> None:
    assert OPTIONS == {
        "grpc.initial_reconnect_backoff_ms": 100,
        "grpc.min_reconnect_backoff_ms": 100,
        "grpc.max_reconnect_backoff_ms": 300,
    }
    (calls,) = CONFIG["methodConfig"]
    waiting = CONFIG | {"methodConfig": [calls | {"waitForReady": True}]}
    address, process = await start(gateway_process)
    async with load(address, waiting, **OPTIONS) as outcomes:
        for _ in range(2):
            await more(outcomes)
            assert await process.terminate() == 0
            _, process = await start(gateway_process, address)
        await more(outcomes)
    assert set(outcomes) == {"OK"}
