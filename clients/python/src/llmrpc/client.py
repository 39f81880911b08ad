"""`GatewayClient`: a remote gateway seen from Python."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing
from typing import Any, TypedDict

from google.protobuf import wrappers_pb2

from llmrpc import gateway_health
from llmrpc import v1 as pb
from llmrpc.base import BaseLLMClient
from llmrpc.batch_items import BatchItems
from llmrpc.call import Call
from llmrpc.channel import DEFAULT_TARGET, TLS, is_loopback, with_port
from llmrpc.connection import Connection
from llmrpc.errors import AuthenticationError, ModelNotFoundError
from llmrpc.gateway_batch import run_batch
from llmrpc.gateway_models import all_models
from llmrpc.gateway_stream import GatewayStream
from llmrpc.gateway_unary import whole
from llmrpc.model_names import answers_to
from llmrpc.secret import Secret
from llmrpc.status import REQUEST_ID_KEY


class _Options(TypedDict):
    timeout: float | None
    metadata: tuple[tuple[str, str], ...]


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
        tls = TLS() if tls is True else tls or None
        self._timeout = timeout
        self._connection = Connection(self.target, tls, channel_options)
        self._authorization: Secret | None = None
        if token:
            if not (tls or is_loopback(self.target) or allow_insecure_token):
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
        rpc = self._connection.open().service.Generate(request, **self._options(call))
        return await whole(rpc, self.target, call.request_id)

    async def open_stream(
        self, request: pb.GenerateRequest, call: Call | None = None
    ) -> GatewayStream:
        call = call or Call()
        rpc = self._connection.open().service.StreamText(request, **self._options(call))
        stream = GatewayStream(rpc, self.target, call.request_id)
        await stream.open()
        return stream

    async def count_tokens(
        self, request: pb.GenerateRequest, call: Call | None = None
    ) -> pb.CountTokensResponse:
        call = call or Call()
        counted = pb.CountTokensRequest(request=request)
        rpc = self._connection.open().service.CountTokens(counted, **self._options(call))
        return await whole(rpc, self.target, call.request_id)

    async def list_models(self, filter: str = "", call: Call | None = None) -> list[pb.Model]:
        """The models that the gateway can call, ordered by name.

        `filter` is an AIP-160 expression over `Model`'s fields, such as
        `provider = "openai" AND capabilities.tools`. A `call` is that of every page;
        without one each page has a request id of its own.
        """

        async def ask(page: pb.ListModelsRequest) -> pb.ListModelsResponse:
            one = call or Call()
            rpc = self._connection.open().service.ListModels(page, **self._options(one))
            return await whole(rpc, self.target, one.request_id)

        return await all_models(ask, filter)

    async def validate_api_key(self) -> bool:
        """Whether the gateway knows the caller; its providers' keys are its own."""
        try:
            await self.list_models()
        except AuthenticationError as error:
            if error.reason == pb.ERROR_REASON_UNAUTHENTICATED:
                return False
            raise
        return True

    async def validate_model(self, model: str) -> bool:
        """Whether the gateway can call a model by this name; see the base class.

        A provider without a list of models accepts every name; the gateway then says
        whether the name leads to it. Nothing is generated, and nothing is billed.
        """
        models = await self.list_models()
        if any(answers_to(known, model) for known in models):
            return True
        provider = model.partition("/")[0]
        if any(known.provider == provider for known in models):
            return False
        try:
            await self.count_tokens(_anything(model))
        except ModelNotFoundError:
            return False
        return True

    async def batch(
        self, items: BatchItems, call: Call | None = None
    ) -> AsyncGenerator[pb.BatchResult, None]:
        """Many requests over one call: results come as they finish.

        Items are pulled one at a time as gRPC takes them, a plain iterable's in the
        event loop. One that fails has a `status`, which `error_from_status` turns into
        the exception; what ends the whole batch is raised, and so is what the iterable
        raises. Leave it early inside `contextlib.aclosing`, so that the call is
        cancelled at once. Without a deadline of the call it takes what time it needs.
        """
        call = call or Call()
        rpc = self._connection.open().service.BatchGenerate(
            timeout=call.remaining(), metadata=self._metadata(call)
        )
        async with aclosing(run_batch(rpc, items, self.target, call.request_id)) as results:
            async for result in results:
                yield result

    async def health(self, service: str = "", call: Call | None = None) -> str:
        """SERVING, NOT_SERVING, or SERVICE_UNKNOWN where the gateway has no such service.

        Services are `""` for all of it, `llmrpc.v1.LLMService`, and `provider/<name>`.
        """
        call = call or Call()
        ask = gateway_health.check(self._connection.open().channel)
        rpc = ask(wrappers_pb2.StringValue(value=service), **self._options(call))
        return await gateway_health.status(whole(rpc, self.target, call.request_id))

    async def close(self) -> None:
        await self._connection.close()

    def _options(self, call: Call) -> _Options:
        remaining = call.remaining()
        return {
            "timeout": self._timeout if remaining is None else remaining,
            "metadata": self._metadata(call),
        }

    def _metadata(self, call: Call) -> tuple[tuple[str, str], ...]:
        own = (*call.trace_context, *call.metadata)
        more = ((key.lower(), _checked(key, value)) for key, value in own)
        metadata = ((REQUEST_ID_KEY, _checked("request_id", call.request_id)), *more)
        if self._authorization is None:
            return metadata
        return (("authorization", self._authorization.reveal()), *metadata)


def _anything(model: str) -> pb.GenerateRequest:
    """A request that is only about its model."""
    message = pb.LLMMessage(role=pb.ROLE_USER, content="Hello")
    return pb.GenerateRequest(model=model, messages=[message])


def _checked(name: str, value: str) -> str:
    """A value that metadata can carry; grpc's own refusal names nothing."""
    if not (value.isascii() and value.isprintable()):
        raise ValueError(f"{name}: has characters that no header can carry")
    return value
