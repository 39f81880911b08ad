"""The stream of an answer that an error ended before it began: by a filter, say."""

from __future__ import annotations

from llmrpc import v1 as pb
from llmrpc.stream import EventStream
from llmrpc_server.providers.dialect import Answer
from llmrpc_server.providers.exchange import Exchange


class FilteredStream(EventStream):
    """One event, which starts and completes the answer."""

    def __init__(self, exchange: Exchange, answer: Answer) -> None:
        deltas = answer.parts.take()
        event = pb.StreamEvent(sequence=1, deltas=deltas, completed=exchange.respond(answer))
        exchange.start(event, answer)
        self._event: pb.StreamEvent | None = event

    async def __anext__(self) -> pb.StreamEvent:
        event, self._event = self._event, None
        if event is None:
            raise StopAsyncIteration
        return event

    async def aclose(self) -> None:
        self._event = None
