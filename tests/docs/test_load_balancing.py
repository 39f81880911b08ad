"""docs/load-balancing.md: one connection stays, its service config spreads and leaves in time."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import grpc
import pytest
import yaml

from llmrpc import GatewayClient, LLMMessage, channel
from llmrpc.v1.llm_service_pb2_grpc import LLMServiceStub
from llmrpc_server.rpc.server import ListenSettings
from tests.conftest import StartGateway
from tests.docs.pages import blocks, page, section
from tests.running import LIMIT, RunningGateway, as_async, until
from tests.server.scripted import SCRIPTED
from tests.server.wire import ask, everything, scripted

PAGE = page("docs/load-balancing.md")
CONFIG = blocks(PAGE, "json")[0]
HELLO = [LLMMessage(role="user", content="Hello")]


class Pair:
    """Two gateways behind one name, and a client whose calls hang at either."""

    def __init__(self, gateways: list[RunningGateway], client: GatewayClient) -> None:
        self.gateways = gateways
        self._client = client
        self.calls: list[asyncio.Task[Any]] = []

    @classmethod
    @asynccontextmanager
    async def of(cls, gateway: StartGateway, *options: tuple[str, Any]) -> AsyncIterator[Pair]:
        settings: Any = {"providers": SCRIPTED, "listen": {"drain_pause": 60.0}}
        gateways = [await gateway(**settings) for _ in range(2)]
        target = "ipv4:" + ",".join(each.address for each in gateways)
        async with GatewayClient(target, channel_options=options) as client:
            pair = cls(gateways, client)
            yield pair
            for call in pair.calls:
                call.cancel()
            await asyncio.wait(pair.calls)

    async def call(self, times: int) -> list[int]:
        """So many more calls; gives how many of them went to each gateway."""
        before = self._running()
        for _ in range(times):
            work = self._client.generate_text(HELLO, model="scripted/hang")
            self.calls.append(asyncio.ensure_future(work))
        await until(lambda: sum(self._running()) == len(self.calls))
        return [now - then for now, then in zip(self._running(), before, strict=True)]

    def _running(self) -> list[int]:
        return [scripted(each).running for each in self.gateways]


async def test_without_a_policy_all_calls_go_to_one_gateway(gateway: StartGateway) -> None:
    async with Pair.of(gateway) as pair:
        assert sorted(await pair.call(8)) == [0, 8]


async def test_the_service_config_spreads_calls_and_leaves_a_draining_gateway(
    gateway: StartGateway,
) -> None:
    async with Pair.of(gateway, ("grpc.service_config", CONFIG)) as pair, asyncio.timeout(LIMIT):
        while await pair.call(4) != [2, 2]:
            pass  # the second connection may be ready a moment after the first call
        lifecycle = pair.gateways[0].app.lifecycle
        stopping = asyncio.ensure_future(lifecycle.stop())
        while await pair.call(4) != [0, 4]:
            pass  # until the client has heard of it, while the port is still open
        assert not stopping.done()
        lifecycle.request_stop()
        lifecycle.request_stop()
    await stopping


def test_the_service_config_has_our_clients_retries() -> None:
    ours = json.loads(dict(channel._OPTIONS)["grpc.service_config"])
    assert json.loads(CONFIG)["methodConfig"] == ours["methodConfig"]


async def test_an_old_connection_is_left_and_its_stream_goes_on(gateway: StartGateway) -> None:
    running = await gateway(providers=SCRIPTED, listen={"max_connection_age": 0.5})
    opened = running.channel()
    stub = as_async(LLMServiceStub(opened))
    reading = asyncio.ensure_future(everything(stub.StreamText(ask("tick-120"))))
    await until(lambda: opened.get_state() is grpc.ChannelConnectivity.READY)
    await until(lambda: opened.get_state() is not grpc.ChannelConnectivity.READY)
    assert not reading.done()
    assert (await stub.Generate(ask("say"))).content == "answer"
    assert (await reading)[-1].HasField("completed")


@pytest.mark.parametrize("name", ["max_connection_age", "max_connection_age_grace"])
def test_the_ages_are_settings(name: str) -> None:
    (example,) = blocks(section(PAGE, "Connections are renewed"), "yaml")
    assert yaml.safe_load(example)["listen"][name] > getattr(ListenSettings(), name)
    assert f"default is {ListenSettings().max_connection_age_grace:g} seconds." in PAGE
