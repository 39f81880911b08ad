"""A client whose answers cost what a test says, and which counts what it is sent."""

from __future__ import annotations

import asyncio

from llmrpc import BaseLLMClient, Call, EventStream, LLMMessage, accumulate
from llmrpc import v1 as pb
from llmrpc.requests import build_request
from tests.client.gateway import response, stream

HELLO = [LLMMessage("user", "Hello")]


class Priced(BaseLLMClient):
    """Each call costs `nano_usd`, or fails with `error`; None: no price is known."""

    def __init__(self, nano_usd: int | None = 1_000_000, error: BaseException | None = None):
        super().__init__("scripted")
        self.nano_usd = nano_usd
        self.error = error
        self.sent = 0
        self.may_answer = asyncio.Event()
        self.may_answer.set()

    async def generate(
        self, request: pb.GenerateRequest, call: Call | None = None
    ) -> pb.LLMResponse:
        self.sent += 1
        await self.may_answer.wait()
        if self.error is not None:
            raise self.error
        return self.priced(response("One two"))

    async def open_stream(
        self, request: pb.GenerateRequest, call: Call | None = None
    ) -> EventStream:
        self.sent += 1
        events = [event for event in stream("One", " two") if isinstance(event, pb.StreamEvent)]
        self.priced(events[-1].completed)
        return Events(events, self.error)

    def priced(self, answer: pb.LLMResponse) -> pb.LLMResponse:
        answer.cost.Clear()
        if self.nano_usd is None:
            answer.cost.unpriced = True
        else:
            answer.cost.total_nano_usd = self.nano_usd
        return answer


async def ask(
    client: BaseLLMClient,
    *,
    streamed: bool,
    model: str | None = None,
    max_tokens: int | None = None,
) -> str:
    """The text of a whole answer, either way."""
    request = build_request(HELLO, model, None, max_tokens, {})
    if not streamed:
        return (await client.generate(request)).content
    async with await client.open_stream(request) as events:
        return (await accumulate(events)).content


class Events(EventStream):
    """These events; with an error, that one in the place of the last."""

    def __init__(self, events: list[pb.StreamEvent], error: BaseException | None) -> None:
        self._events = events
        self._error = error

    async def __anext__(self) -> pb.StreamEvent:
        if len(self._events) == 1 and self._error is not None:
            raise self._error
        if not self._events:
            raise StopAsyncIteration
        return self._events.pop(0)

    async def aclose(self) -> None:
        self._events.clear()
