"""`GatewayClient`: a remote gateway seen from Python."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import grpc.aio

from llmrpc import v1 as pb
from llmrpc.base import BaseLLMClient
from llmrpc.call import Call
from llmrpc.channel import (
    DEFAULT_TARGET,
    TLS,
    is_loopback,
    open_channel,
    with_port,
)
from llmrpc.errors import LLMClientError
from llmrpc.gateway_stream import GatewayStream, being_cancelled
from llmrpc.secret import Secret
from llmrpc.status import REQUEST_ID_KEY, error_from_rpc
from llmrpc.v1.llm_service_pb2_grpc import LLMServiceStub

if TYPE_CHECKING:
    from llmrpc.v1.llm_service_pb2_grpc import LLMServiceAsyncStub


class GatewayClient(BaseLLMClient):
    """A gateway at `target` (`host:port`; without a port 50051).

    - `token`: the bearer key to call with. Over plaintext it is refused
      (`ValueError`) for any address that is not loopback, unless
      `allow_insecure_token` says that the way there is safe.
    - `tls`: True for TLS with the public authorities, or a `TLS` with files.
    - `timeout`: seconds for each call that brings no deadline of its own. None:
      the gateway's own limit.
    - `channel_options`: more options for the gRPC channel.

    The constructor does no IO and needs no event loop: the channel is made by the
    first call, in the loop that runs then, and belongs to that loop. Calls that
    find no gateway, or one that says UNAVAILABLE, are tried up to four times in
    all, and never once an event has come.
    """

    def __init__(
        self,
        target: str = DEFAULT_TARGET,
        *,
        token: str | Secret | None = None,
        tls: bool | TLS | None = None,
        timeout: float | None = None,
        allow_insecure_token: bool = False,
        channel_options: Sequence[tuple[str, Any]] = (),
    ) -> None:
        super().__init__("gateway")
        self.target = with_port(target)
        self._tls = TLS() if tls is True else tls or None
        self._timeout = timeout
        self._channel_options = tuple(channel_options)
        self._channel: grpc.aio.Channel | None = None
        self._stub: LLMServiceAsyncStub | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._closed = False
        self._authorization: Secret | None = None
        if token:
            if not (self._tls or is_loopback(self.target) or allow_insecure_token):
                raise ValueError(
                    f"the token would travel to {self.target} unencrypted: give tls=True or a "
                    "TLS, or allow_insecure_token=True where the way there is safe"
                )
            value = token.reveal() if isinstance(token, Secret) else token
            self._authorization = Secret(f"Bearer {_checked('token', value)}")

    async def generate(
        self, request: pb.GenerateRequest, call: Call | None = None
    ) -> pb.LLMResponse:
        call = call or Call()
        rpc = self._connected().Generate(
            request, timeout=self._seconds(call), metadata=self._metadata(call)
        )
        try:
            return await rpc
        except grpc.aio.AioRpcError as error:
            raise error_from_rpc(error, self.target, call.request_id) from error
        except asyncio.CancelledError:
            if being_cancelled():
                raise
            raise LLMClientError("the client was closed during the call") from None
        finally:
            rpc.cancel()

    async def open_stream(
        self, request: pb.GenerateRequest, call: Call | None = None
    ) -> GatewayStream:
        call = call or Call()
        rpc = self._connected().StreamText(
            request, timeout=self._seconds(call), metadata=self._metadata(call)
        )
        stream = GatewayStream(rpc, self.target, call.request_id)
        await stream.open()
        return stream

    async def close(self) -> None:
        self._closed = True
        if self._channel is not None:
            await self._channel.close()

    def _connected(self) -> LLMServiceAsyncStub:
        """The stub, in the loop that the first call ran in."""
        loop = asyncio.get_running_loop()
        if self._closed:
            raise RuntimeError("this client is closed")
        if self._stub is None:
            self._channel = open_channel(self.target, self._tls, self._channel_options)
            self._stub, self._loop = LLMServiceStub(self._channel), loop
        elif self._loop is not loop:
            raise RuntimeError(
                "this client belongs to another event loop: make one in each loop, or share "
                "client.blocking() between threads"
            )
        return self._stub

    def _seconds(self, call: Call) -> float | None:
        remaining = call.remaining()
        return self._timeout if remaining is None else remaining

    def _metadata(self, call: Call) -> tuple[tuple[str, str], ...]:
        trace = ((key.lower(), _checked(key, value)) for key, value in call.trace_context)
        metadata = ((REQUEST_ID_KEY, _checked("request_id", call.request_id)), *trace)
        if self._authorization is None:
            return metadata
        return (("authorization", self._authorization.reveal()), *metadata)


def _checked(name: str, value: str) -> str:
    """A value that metadata can carry; grpc's own refusal names nothing."""
    if not (value.isascii() and value.isprintable()):
        raise ValueError(f"{name}: has characters that no header can carry")
    return value
