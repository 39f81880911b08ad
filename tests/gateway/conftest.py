"""A whole gateway on a real socket, in front of a scripted provider."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import AsyncExitStack
from copy import deepcopy
from typing import Any

import grpc
import pytest

from llmrpc import v1 as pb
from llmrpc.v1.llm_service_pb2_grpc import LLMServiceStub
from llmrpc_server.app import App
from llmrpc_server.config import load_config
from tests.upstream import Upstream, running_upstream

KEY = "sk-canary-0123456789"
FAST = {"base_delay": 0.01, "max_delay": 0.02, "min_remaining": 0.01}


class Gateway:
    """A running gateway: its address, its app, and a stock stub for it."""

    def __init__(self, app: App, address: str, channel: grpc.aio.Channel) -> None:
        self.app = app
        self.address = address
        self.stub: Any = LLMServiceStub(channel)


Start = Callable[..., Awaitable[Gateway]]


@pytest.fixture
async def upstream() -> AsyncGenerator[Upstream, None]:
    async with running_upstream() as running:
        yield running


@pytest.fixture
async def start(upstream: Upstream) -> AsyncGenerator[Start, None]:
    """Starts gateways; keyword arguments are settings, dots written as `__`."""
    async with AsyncExitStack() as stack:

        async def start_gateway(**settings: Any) -> Gateway:
            flags: dict[str, Any] = {
                "listen.address": "127.0.0.1:0",
                "listen.grace": 0.2,
                "listen.drain_pause": 0.0,
                "retry": FAST,
                "models.discovery": False,
                "providers.openai.base_url": upstream.url,
                "providers.openai.api_keys": [KEY],
                "default_model": "openai/gpt-4o-mini",
            }
            flags |= {name.replace("__", "."): value for name, value in settings.items()}
            # a flag like `retry.attempts` is written into `retry`, which is others' too
            app = App(load_config(None, {}, deepcopy(flags)))
            port = await app.start()
            stack.push_async_callback(app.close)
            stack.push_async_callback(app.lifecycle.stop)
            address = f"127.0.0.1:{port}"
            channel = await stack.enter_async_context(grpc.aio.insecure_channel(address))
            return Gateway(app, address, channel)

        yield start_gateway


@pytest.fixture
async def gateway(start: Start) -> Gateway:
    return await start()


def ask(text: str = "Hi", **fields: Any) -> pb.GenerateRequest:
    """A request with one user message."""
    message = pb.LLMMessage(role=pb.ROLE_USER, content=text)
    return pb.GenerateRequest(messages=[message], **fields)
