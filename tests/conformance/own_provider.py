"""A provider in Python that gives any answer and any error of the contract.

No upstream can cause some reasons yet (RATE_LIMITED, BUDGET_EXCEEDED, CIRCUIT_OPEN, …) nor
some fields. An item of `events` is a StreamEvent, or one of the ends that a try may have.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Mapping
from typing import Any

from google.protobuf import json_format

from llmrpc import v1 as pb
from llmrpc.attempts import Try as Attempted
from llmrpc.base import BaseLLMClient
from llmrpc.call import Call
from llmrpc.errors import EXCEPTIONS, LLMClientError, Violation
from llmrpc.stream import EventStream
from tests.conformance.play import STAGE, Seen, Try


class Scripted(BaseLLMClient):
    """What a scenario says, through the gateway's own table of statuses."""

    def __init__(self) -> None:
        super().__init__("scripted")

    async def generate(
        self, request: pb.GenerateRequest, call: Call | None = None
    ) -> pb.LLMResponse:
        call = call or Call()
        with Attempted(call, self.provider_name, _model(request, call)):
            action, seen = _asked(request, call)
            await _end(action, seen)
            return _filled(json_format.ParseDict(action["response"], pb.LLMResponse()), call)

    async def open_stream(
        self, request: pb.GenerateRequest, call: Call | None = None
    ) -> EventStream:
        call = call or Call()
        attempt = Attempted(call, self.provider_name, _model(request, call))
        with attempt:
            action, seen = _asked(request, call)
            await _end(action, seen)
            stream = _Events(_events(action, seen, call, attempt), seen)
            await stream.open()
            return stream

    async def count_tokens(
        self, request: pb.GenerateRequest, call: Call | None = None
    ) -> pb.CountTokensResponse:
        action, seen = _asked(request, call or Call())
        await _end(action, seen)
        return json_format.ParseDict(action["count"], pb.CountTokensResponse())


class _Events(EventStream):
    def __init__(self, events: AsyncGenerator[pb.StreamEvent, None], seen: Seen) -> None:
        self._events, self._seen = events, seen
        self._first: pb.StreamEvent | None = None
        self._whole = False

    async def open(self) -> None:
        self._first = await anext(self._events)

    async def __anext__(self) -> pb.StreamEvent:
        event, self._first = self._first, None
        if event is None:
            event = await anext(self._events)
        self._whole = event.HasField("completed")
        return event

    async def aclose(self) -> None:
        await self._events.aclose()
        if not self._whole:
            self._seen.closed.set()


async def _events(
    action: Try, seen: Seen, call: Call, attempt: Attempted
) -> AsyncGenerator[pb.StreamEvent, None]:
    for item in action["events"]:
        try:
            await _end(item, seen)
        except LLMClientError as error:
            attempt.fail(error)
            raise
        event = json_format.ParseDict(item, pb.StreamEvent())
        if event.HasField("started"):
            event.started.request_id = call.request_id
        if event.HasField("completed"):
            _filled(event.completed, call)
        yield event


def _model(request: pb.GenerateRequest, call: Call) -> str:
    return call.target.model if call.target else request.model


def _asked(request: pb.GenerateRequest, call: Call) -> tuple[Try, Seen]:
    play = STAGE[_model(request, call)]
    what = {
        "request": json_format.MessageToDict(request),
        "trace": dict(call.trace_context),
        "request_id": call.request_id,
    }
    return play.next(what, request.messages[-1].content)


def _filled(response: pb.LLMResponse, call: Call) -> pb.LLMResponse:
    response.request_id = call.request_id
    return response


async def _end(action: Try, seen: Seen) -> None:
    """Raises, or is silent, where the script says so."""
    if "raise" in action:
        raise _error(action["raise"])
    if "crash" in action:
        raise RuntimeError(action["crash"])
    if "hang" in action:
        try:
            await asyncio.Event().wait()
        finally:
            seen.closed.set()


def _error(told: Mapping[str, Any]) -> LLMClientError:
    reason = pb.ErrorReason.Value(f"ERROR_REASON_{told['reason']}")
    error = EXCEPTIONS[reason](
        told.get("message", "as the script says"),
        reason=reason,
        metadata=told.get("metadata"),
        retry_after=told.get("retry_after"),
        violations=[Violation(**one) for one in told.get("violations", ())],
        usage=_parsed(told, "usage", pb.Usage()),
        cost=_parsed(told, "cost", pb.Cost()),
    )
    error.retryable = told.get("retryable", False)
    return error


def _parsed(told: Mapping[str, Any], key: str, message: Any) -> Any:
    return json_format.ParseDict(told[key], message) if key in told else None
