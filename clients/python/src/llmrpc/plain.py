"""The contract's primitives for a client that was written in plain Python.

A user's provider of fifteen lines has `generate_text` and `stream_text` alone;
here those two carry `generate` and `open_stream`. Text only: what such a client
cannot see is refused by name, and hints are left out with a warning.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Sequence
from contextlib import aclosing
from typing import TYPE_CHECKING, TypeVar

from llmrpc import v1 as pb
from llmrpc.answer import AnswerBuilder
from llmrpc.attempts import Try
from llmrpc.call import Call
from llmrpc.errors import (
    GenerationTimeoutError,
    LLMClientError,
    ProviderNotAvailableError,
    StreamInterruptedError,
    deadline_exceeded,
    stalled,
)
from llmrpc.foreign import typed_errors
from llmrpc.plain_arguments import build_arguments, upstream_model
from llmrpc.response import NANO, build_response
from llmrpc.shapes import awaitable_of, chunks_of
from llmrpc.stream import EventStream
from llmrpc.types import LLMResponse

if TYPE_CHECKING:
    from llmrpc.base import BaseLLMClient

T = TypeVar("T")

_END = object()
"""Stands for the end of a stream."""
_FINISH_REASONS = dict(pb.FinishReason.items())


async def generate(
    client: BaseLLMClient, request: pb.GenerateRequest, call: Call
) -> pb.LLMResponse:
    """`generate` by way of the client's `generate_text`."""
    arguments, warnings = build_arguments(client, request, call, client.generate_text)
    attempt = Try(call, client.provider_name, arguments["model"])
    with attempt:
        with typed_errors(client.provider_name):
            answering = awaitable_of(client.provider_name, client.generate_text(**arguments))
        answer = await _in_time(client, call, answering)
        _text(client, getattr(answer, "content", None))
    estimated = answer.completion_tokens is None
    return _response(client, request, call, attempt, answer, warnings, estimated=estimated)


async def open_stream(
    client: BaseLLMClient, request: pb.GenerateRequest, call: Call
) -> EventStream:
    """`open_stream` by way of the client's `stream_text`."""
    arguments, warnings = build_arguments(client, request, call, client.stream_text)
    attempt = Try(call, client.provider_name, arguments["model"])
    with attempt:
        with typed_errors(client.provider_name):
            chunks = chunks_of(client.provider_name, client.stream_text(**arguments))
        try:
            first = await _chunk(client, call, chunks)
            while first == "":  # no delta yet, so another try is still allowed
                first = await _chunk(client, call, chunks)
        except BaseException:
            await chunks.aclose()
            raise
    return _PlainStream(client, request, call, attempt, chunks, first, warnings)


class _PlainStream(EventStream):
    """Chunks of text as events."""

    def __init__(
        self,
        client: BaseLLMClient,
        request: pb.GenerateRequest,
        call: Call,
        attempt: Try,
        chunks: AsyncGenerator[str, None],
        first: str | None,
        warnings: Sequence[pb.Warning],
    ) -> None:
        self._client, self._request, self._call, self._attempt = client, request, call, attempt
        self._answer = AnswerBuilder()
        self._chunks = chunks
        self._warnings = warnings
        self._ended = False
        self._events = self._run(first)

    async def __anext__(self) -> pb.StreamEvent:
        return await self._events.__anext__()

    async def aclose(self) -> None:
        await self._events.aclose()
        await self._chunks.aclose()
        if not self._ended:
            self._ended = True
            self._spend_so_far()
            self._attempt.fail(asyncio.CancelledError())

    async def _run(self, first: str | None) -> AsyncGenerator[pb.StreamEvent, None]:
        model = upstream_model(self._client, self._request, self._call)
        sequence = 0
        async with aclosing(self._chunks):
            chunk = first
            while chunk is not None:
                self._answer.text("text", chunk)
                deltas = self._answer.take()
                if deltas:
                    sequence += 1
                    event = pb.StreamEvent(sequence=sequence, deltas=deltas)
                    if sequence == 1:
                        event.started.CopyFrom(self._started(model))
                    yield event
                chunk = await self._next(model)
        answer = LLMResponse(content=self._answer.content(), model=model)
        completed = _response(
            self._client,
            self._request,
            self._call,
            self._attempt,
            answer,
            self._warnings,
            estimated=True,
        )
        self._ended = True
        last = pb.StreamEvent(sequence=sequence + 1, completed=completed)
        if not sequence:
            last.started.CopyFrom(self._started(model))
        yield last

    def _started(self, model: str) -> pb.Started:
        return pb.Started(
            provider=self._client.provider_name, model=model, request_id=self._call.request_id
        )

    async def _next(self, model: str) -> str | None:
        try:
            return await _chunk(self._client, self._call, self._chunks)
        except GenerationTimeoutError as error:
            error.usage, error.cost = self._spend_so_far()
            self._attempt.fail(error)
            self._ended = True
            raise
        except Exception as error:
            usage, cost = self._spend_so_far()
            why = f": {error.message}" if isinstance(error, LLMClientError) else ""
            interrupted = StreamInterruptedError(
                f"{self._client.provider_name} broke off its stream{why}",
                metadata={"provider": self._client.provider_name, "model": model},
                usage=usage,
                cost=cost,
            )
            self._attempt.fail(interrupted)
            self._ended = True
            raise interrupted from error

    def _spend_so_far(self) -> tuple[pb.Usage, pb.Cost]:
        usage = _usage(self._client, self._request, self._answer.content())
        cost = _cost(self._client, self._attempt.record.model, usage, None)
        self._attempt.spend(usage, cost)
        return usage, cost


async def _chunk(
    client: BaseLLMClient, call: Call, chunks: AsyncGenerator[str, None]
) -> str | None:
    """The next chunk; None after the last.

    The client may yield None for a chunk that says nothing, as OpenAI's chunks do.
    """
    chunk = await _in_time(client, call, anext(chunks, _END), client.stall_timeout)
    return None if chunk is _END else _text(client, "" if chunk is None else chunk)


def _text(client: BaseLLMClient, given: object) -> str:
    """What a client gave as text, which it must be."""
    try:
        if isinstance(given, str):
            given.encode()
            return given
        why = f"is of the type {type(given).__name__}, not str"
    except UnicodeEncodeError:
        why = "has half of a surrogate pair, which is no text"
    raise ProviderNotAvailableError(
        f"{client.provider_name} gave an answer that {why}",
        reason=pb.ERROR_REASON_PROVIDER_RESPONSE_INVALID,
    )


async def _in_time(
    client: BaseLLMClient, call: Call, work: Awaitable[T], stall: float | None = None
) -> T:
    """What the client's own code gives, within the call's deadline and the stall timer."""
    remaining = call.remaining()
    stalls = stall is not None and (remaining is None or stall < remaining)
    try:
        async with asyncio.timeout(stall if stalls else remaining):
            with typed_errors(client.provider_name):
                return await work
    except TimeoutError as error:
        if stall is not None and stalls:
            raise stalled(client.provider_name, stall) from error
        raise deadline_exceeded() from error


def _usage(client: BaseLLMClient, request: pb.GenerateRequest, content: str) -> pb.Usage:
    prompt = sum(
        client._count_tokens_estimate(m.content or "".join(p.text for p in m.parts))
        for m in request.messages
    )
    return pb.Usage(
        input_tokens=prompt,
        output_tokens=client._count_tokens_estimate(content),
        estimated=True,
    )


def _cost(client: BaseLLMClient, model: str, usage: pb.Usage, price: float | None) -> pb.Cost:
    """The price that the client gave in USD, else by its own table."""
    if price is None:
        price = client._estimate_cost(model, usage.input_tokens, usage.output_tokens)
    if price is None:
        return pb.Cost(unpriced=True, estimated=usage.estimated)
    return pb.Cost(
        total_nano_usd=round(price * NANO), price_source="config", estimated=usage.estimated
    )


def _response(
    client: BaseLLMClient,
    request: pb.GenerateRequest,
    call: Call,
    attempt: Try,
    answer: LLMResponse,
    warnings: Sequence[pb.Warning],
    *,
    estimated: bool,
) -> pb.LLMResponse:
    """The contract's response for a plain one, what is missing filled in."""
    usage = _usage(client, request, answer.content)
    if not estimated:
        usage = pb.Usage(
            input_tokens=answer.prompt_tokens or 0, output_tokens=answer.completion_tokens or 0
        )
    cost = _cost(client, answer.model, usage, answer.cost_estimate)
    attempt.spend(usage, cost)
    return build_response(
        call,
        provider=client.provider_name,
        model=answer.model,
        content=answer.content,
        parts=[pb.Part(text=answer.content)] if answer.content else [],
        finish_reason=_finish_reason(answer.finish_reason),
        usage=usage,
        cost=cost,
        warnings=warnings,
    )


def _finish_reason(name: str | None) -> pb.FinishReason.ValueType:
    if name is None:
        return pb.FINISH_REASON_STOP
    return _FINISH_REASONS.get(f"FINISH_REASON_{name.upper()}", pb.FINISH_REASON_OTHER)
