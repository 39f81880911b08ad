"""The one idea: everything that generates text is a `BaseLLMClient`."""

from __future__ import annotations

import logging
import time
from abc import ABC
from collections.abc import AsyncGenerator, Mapping
from contextlib import aclosing
from dataclasses import replace
from types import TracebackType
from typing import TYPE_CHECKING, Any, ClassVar, Self

from llmrpc import plain
from llmrpc import v1 as pb
from llmrpc.batch_items import BatchItems
from llmrpc.call import Call
from llmrpc.errors import MethodNotImplementedError
from llmrpc.estimate import estimate_prompt
from llmrpc.model_names import answers_to
from llmrpc.requests import Messages, build_request
from llmrpc.shapes import check_shapes
from llmrpc.stream import EventStream
from llmrpc.types import LLMResponse

if TYPE_CHECKING:
    from llmrpc.blocking import BlockingClient
    from llmrpc.callbacks import LLMCallback

_PAIRS = (("generate", "open_stream"), ("generate_text", "stream_text"))


class BaseLLMClient(ABC):  # noqa: B024 - which methods a subclass must have is its choice
    """Anything that generates text: a provider, a policy around one, a gateway.

    A subclass implements either pair, and the base gives the other one:

    - `generate` and `open_stream`, in the contract's types;
    - `generate_text` and `stream_text`, in plain Python and for text alone.

    A class with neither is refused with `TypeError` when it is defined, and so is one
    whose methods are no coroutines, or whose `stream_text` is no async generator. Errors
    are subclasses of `LLMClientError`; of what else the plain pair raises, an `OSError`
    or a timeout becomes one.
    """

    token_costs: ClassVar[Mapping[str, Mapping[str, float]]] = {}
    """Own prices by model, USD per 1,000 tokens: `{"m": {"input": 1, "output": 2}}`."""
    default_temperature: float | None = None
    """What a request without a temperature gets of a client in plain Python."""
    default_max_tokens: int | None = None
    """What a request without `max_tokens` gets of a client in plain Python."""
    stall_timeout: float = 30.0
    """Seconds of silence after which a stream in plain Python is given up."""

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        check_shapes(cls)
        if ABC in cls.__bases__:
            return
        for pair in _PAIRS:
            if all(getattr(cls, name) is not getattr(BaseLLMClient, name) for name in pair):
                return
        wanted = " or ".join(f"{first} and {second}" for first, second in _PAIRS)
        raise TypeError(f"{cls.__name__} must define {wanted}")

    def __init__(self, provider_name: str) -> None:
        self.provider_name = provider_name
        self.logger = logging.getLogger(f"llmrpc.{provider_name}")

    async def generate(
        self, request: pb.GenerateRequest, call: Call | None = None
    ) -> pb.LLMResponse:
        """One whole answer."""
        return await plain.generate(self, request, call or Call())

    async def open_stream(
        self, request: pb.GenerateRequest, call: Call | None = None
    ) -> EventStream:
        """Starts an answer, and returns once its first delta is at hand.

        Until then an error may be answered by another try; behind it never.
        """
        return await plain.open_stream(self, request, call or Call())

    async def generate_text(
        self,
        messages: Messages,
        model: str | None = None,
        temperature: float | None = None,
        max_tokens: int | None = None,
        *,
        timeout: float | None = None,
        call: Call | None = None,
        **kwargs: Any,
    ) -> LLMResponse:
        """One whole answer in plain Python.

        `kwargs` are the other fields of `GenerateRequest`; an unknown one is a
        `TypeError` that lists the known. `timeout` is in seconds. `call` has what
        belongs to the call: request id, trace context, metadata, and a deadline, which
        `timeout` replaces.
        """
        request = build_request(messages, model, temperature, max_tokens, kwargs)
        return LLMResponse.from_proto(await self.generate(request, _call(call, timeout)))

    async def stream_text(
        self,
        messages: Messages,
        model: str | None = None,
        temperature: float | None = None,
        max_tokens: int | None = None,
        *,
        timeout: float | None = None,
        call: Call | None = None,
        **kwargs: Any,
    ) -> AsyncGenerator[str, None]:
        """The answer's text as it is written; arguments as in `generate_text`.

        A stream that breaks raises; it never just ends. Leave it early inside
        `contextlib.aclosing`, so that the call is cancelled at once.
        """
        request = build_request(messages, model, temperature, max_tokens, kwargs)
        async with aclosing(await self.open_stream(request, _call(call, timeout))) as events:
            async for event in events:
                for delta in event.deltas:
                    if delta.HasField("text"):
                        yield delta.text

    def batch(
        self, items: BatchItems, call: Call | None = None
    ) -> AsyncGenerator[pb.BatchResult, None]:
        """Many requests in one call, as `GatewayClient` has it.

        `MethodNotImplementedError` for a client without batches.
        """
        raise MethodNotImplementedError(f"{self.provider_name} has no batches; a gateway has")

    async def health(self, service: str = "", call: Call | None = None) -> str:
        """How a service is, as `GatewayClient` has it.

        `MethodNotImplementedError` for a client that nothing can be asked.
        """
        raise MethodNotImplementedError(f"{self.provider_name} has no health; a gateway has")

    async def count_tokens(
        self, request: pb.GenerateRequest, call: Call | None = None
    ) -> pb.CountTokensResponse:
        """What a request would send, in tokens, without sending it.

        The base estimates by length, and says so in `method`.
        """
        model = request.model.removeprefix(f"{self.provider_name}/")
        return pb.CountTokensResponse(
            prompt_tokens=estimate_prompt(request),
            method=pb.CountTokensResponse.METHOD_ESTIMATE,
            provider=self.provider_name,
            model=call.target.model if call and call.target else model,
        )

    async def list_models(self) -> list[pb.Model]:
        """The models that it can call, ordered by name; empty where it cannot tell."""
        return []

    async def validate_api_key(self) -> bool:
        """Whether the provider takes the key. A client without keys says yes.

        Raises `LLMClientError` where that cannot be found out, such as a provider
        that is down.
        """
        return True

    async def validate_model(self, model: str) -> bool:
        """Whether `generate_text` can call a model by this name.

        The name is `provider/model`, a bare model, an alias, a provider, or empty for the
        default model. A client that cannot list its models accepts every name. Raises as
        `validate_api_key` does.
        """
        models = await self.list_models()
        return not models or any(answers_to(known, model) for known in models)

    def with_callbacks(self, *callbacks: LLMCallback) -> BaseLLMClient:
        """The same client, with callbacks told of every call."""
        from llmrpc.callbacks import CallbackClient

        return CallbackClient(self, callbacks)

    def blocking(self) -> BlockingClient:
        """The blocking twin of this client, for programs without an event loop."""
        from llmrpc.blocking import BlockingClient

        return BlockingClient(self)

    async def close(self) -> None:  # noqa: B027 - most have nothing to let go of
        """Lets go of connections. A closed client is not used again."""

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        await self.close()

    def _count_tokens_estimate(self, text: str) -> int:
        """A rough count: four ASCII characters, or one other character, a token."""
        ascii_length = len(text.encode("ascii", "ignore"))
        return -(-ascii_length // 4) + len(text) - ascii_length

    def _count_tokens_accurate(self, text: str, model: str) -> int:
        """The model's own count.

        The base has no tokenizer and estimates; a subclass that has one overrides it.
        """
        return self._count_tokens_estimate(text)

    def _estimate_cost(
        self,
        model: str,
        input_tokens: int,
        output_tokens: int,
        token_costs: Mapping[str, Mapping[str, float]] | None = None,
    ) -> float | None:
        """USD by a table of prices per 1,000 tokens; None where it lacks the model."""
        prices = (self.token_costs if token_costs is None else token_costs).get(model)
        if prices is None:
            return None
        return (input_tokens * prices["input"] + output_tokens * prices["output"]) / 1000


def _call(call: Call | None, timeout: float | None) -> Call:
    call = call or Call()
    return call if timeout is None else replace(call, deadline=time.monotonic() + timeout)
