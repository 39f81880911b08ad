"""An own provider whose model names say what it does; named in configurations."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator

from llmrpc import v1 as pb
from llmrpc.attempts import Try
from llmrpc.base import BaseLLMClient
from llmrpc.call import Call
from llmrpc.errors import LLMClientError, ProviderNotAvailableError, StreamInterruptedError
from llmrpc.response import build_response
from llmrpc.stream import EventStream

SCRIPTED = {"scripted": {"client": "tests.server.scripted:Scripted"}}
SECRET = "a text that must stay inside"


class Scripted(BaseLLMClient):
    """`say`, `boom`, `odd`, `stray`, `down`, `hang`; `tick` streams until it is left.

    Of a stream `boom`, `stray`, `broken`, `silent` and `hang` with `-midway` give
    one delta first; `silent` ends without the completed response. `large-N`
    answers with N bytes; `echo-KEY` repeats a key in its error.
    """

    def __init__(self) -> None:
        super().__init__("scripted")
        self.running = 0
        self.closed = False

    async def generate(
        self, request: pb.GenerateRequest, call: Call | None = None
    ) -> pb.LLMResponse:
        call = call or Call()
        model = _model(call)
        with Try(call, self.provider_name, model):
            await self._act(model)
            size = int(model.removeprefix("large-")) if model.startswith("large-") else 0
            return _answer(call, "x" * size or "answer")

    async def open_stream(
        self, request: pb.GenerateRequest, call: Call | None = None
    ) -> EventStream:
        call = call or Call()
        model = _model(call)
        with Try(call, self.provider_name, model):
            await self._act(model)
        return _Stream(self, call, model)

    async def close(self) -> None:
        self.closed = True

    async def _act(self, action: str) -> None:
        match action:
            case "boom":
                raise ValueError(SECRET)
            case "odd":
                raise LLMClientError("odd", reason=pb.ERROR_REASON_UNSPECIFIED)
            case "stray":
                raise asyncio.CancelledError
            case "down":
                raise ProviderNotAvailableError("scripted is down")
            case "broken":
                raise StreamInterruptedError(
                    "scripted broke",
                    usage=pb.Usage(output_tokens=1, estimated=True),
                    cost=pb.Cost(total_nano_usd=1_000_000),
                )
            case _ if action.startswith("echo-"):
                key = action.removeprefix("echo-")
                raise ProviderNotAvailableError(f"bad key {key}", metadata={"provider_code": key})
            case "hang":
                self.running += 1
                try:
                    await asyncio.Event().wait()
                finally:
                    self.running -= 1
            case _:
                pass


class _Stream(EventStream):
    def __init__(self, client: Scripted, call: Call, model: str) -> None:
        self._events = self._run(client, call, model)

    async def __anext__(self) -> pb.StreamEvent:
        return await anext(self._events)

    async def aclose(self) -> None:
        await self._events.aclose()

    async def _run(
        self, client: Scripted, call: Call, model: str
    ) -> AsyncGenerator[pb.StreamEvent, None]:
        started = pb.Started(provider="scripted", model=model, request_id=call.request_id)
        yield pb.StreamEvent(sequence=1, started=started, deltas=[pb.Delta(text="answer")])
        if model == "silent-midway":
            return
        if model.startswith("tick"):
            client.running += 1
            try:
                for sequence in range(2, 2 + int(model.removeprefix("tick-"))):
                    await asyncio.sleep(0.02)
                    yield pb.StreamEvent(sequence=sequence, deltas=[pb.Delta(text=".")])
            finally:
                client.running -= 1
        await client._act(model.removesuffix("-midway"))
        yield pb.StreamEvent(sequence=2, completed=_answer(call, "answer"))


def _model(call: Call) -> str:
    assert call.target is not None
    return call.target.model


def _answer(call: Call, content: str) -> pb.LLMResponse:
    return build_response(
        call,
        provider="scripted",
        model=_model(call),
        content=content,
        parts=[pb.Part(text=content)],
        finish_reason=pb.FINISH_REASON_STOP,
        usage=pb.Usage(input_tokens=3, output_tokens=2),
        cost=pb.Cost(total_nano_usd=5_000_000, price_source="config"),
    )
