"""What is logged of a message that gRPC's core refused, for which handlers see no error."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import grpc
import pytest

from llmrpc_server.interceptors.observe import Observe
from llmrpc_server.interceptors.rpc import Rpc


async def ends_well() -> None:
    """A stream of requests that seems to be over."""


async def is_canceled() -> None:
    raise asyncio.CancelledError


@pytest.mark.parametrize("handler", [ends_well, is_canceled])
async def test_it_is_resource_exhausted_whatever_the_handler_does(
    handler: Callable[[], Awaitable[Any]], caplog: pytest.LogCaptureFixture
) -> None:
    rpc = Rpc("llmrpc.v1.LLMService/BatchGenerate", {}, streams=True, peer="ipv4:127.0.0.1:1")
    rpc.too_large, rpc.deadline = True, rpc.started
    with caplog.at_level("INFO"):
        try:
            await Observe(None)(rpc, handler)
        except asyncio.CancelledError:
            assert handler is is_canceled
    fields: Any = vars(caplog.records[-1])["fields"]
    assert fields["status"] == grpc.StatusCode.RESOURCE_EXHAUSTED.name
    assert fields["peer"] == rpc.peer
    assert "reason" not in fields
