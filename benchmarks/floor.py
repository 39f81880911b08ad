"""The floor: the same service over the same libraries, with nothing around them.

Three kinds. `echo` has no upstream; `naive` sends one message for each token;
`merged` makes each read from upstream one message.
"""

from __future__ import annotations

import sys
from collections.abc import AsyncIterator
from typing import Any

import aiohttp
import grpc
import msgspec
from grpc_health.v1 import health, health_pb2_grpc

from benchmarks.loops import run
from llmrpc import v1 as pb


class Delta(msgspec.Struct):
    """What a chunk adds."""

    content: str | None = None


class Choice(msgspec.Struct):
    """An alternative: whole, or a piece of one."""

    message: Delta | None = None
    delta: Delta | None = None
    finish_reason: str | None = None


class Counted(msgspec.Struct):
    """Tokens, inclusive."""

    prompt_tokens: int
    completion_tokens: int


class Answer(msgspec.Struct):
    """A whole answer, or a chunk of a streamed one."""

    model: str
    choices: list[Choice]
    usage: Counted | None = None


Context = grpc.aio.ServicerContext[pb.GenerateRequest, Any]

_decode = msgspec.json.Decoder(Answer).decode
_encode = msgspec.json.Encoder().encode
_ROLES = {pb.ROLE_SYSTEM: "system", pb.ROLE_USER: "user", pb.ROLE_ASSISTANT: "assistant"}
_HEADERS = {"Authorization": "Bearer x", "Content-Type": "application/json"}


class Echo:
    """Answers with the last message, a word at a time."""

    async def Generate(self, request: pb.GenerateRequest, context: Context) -> pb.LLMResponse:
        return _response(request.messages[-1].content, "echo", None)

    async def StreamText(
        self, request: pb.GenerateRequest, context: Context
    ) -> AsyncIterator[pb.StreamEvent]:
        content = request.messages[-1].content
        words = content.split(" ")
        for sequence, word in enumerate(words, 1):
            event = pb.StreamEvent(sequence=sequence)
            event.deltas.add(text=word if sequence == 1 else f" {word}")
            if sequence == len(words):
                event.completed.CopyFrom(_response(content, "echo", None))
            yield event


class Merged:
    """Asks upstream; one read from it is one message."""

    def __init__(self, session: aiohttp.ClientSession, url: str) -> None:
        self._session = session
        self._url = url

    async def Generate(self, request: pb.GenerateRequest, context: Context) -> pb.LLMResponse:
        async with self._post(request, stream=False) as response:
            answer = _decode(await response.read())
        message = answer.choices[0].message
        return _response((message and message.content) or "", answer.model, answer.usage)

    async def StreamText(
        self, request: pb.GenerateRequest, context: Context
    ) -> AsyncIterator[pb.StreamEvent]:
        stream = Stream()
        sequence = 0
        async with self._post(request, stream=True) as response:
            async for data in response.content.iter_any():
                tokens = stream.feed(data)
                for event in self._events(tokens, stream.completed):
                    sequence += 1
                    event.sequence = sequence
                    yield event

    def _events(self, tokens: list[str], completed: pb.LLMResponse | None) -> list[pb.StreamEvent]:
        if not tokens and completed is None:
            return []
        deltas = [pb.Delta(text=token) for token in tokens]
        return [pb.StreamEvent(deltas=deltas, completed=completed)]

    def _post(
        self, request: pb.GenerateRequest, *, stream: bool
    ) -> aiohttp.client._RequestContextManager:
        body = {
            "model": request.model,
            "messages": [{"role": _ROLES[m.role], "content": m.content} for m in request.messages],
            "temperature": request.temperature,
            "max_tokens": request.max_tokens,
        }
        if stream:
            body |= {"stream": True, "stream_options": {"include_usage": True}}
        return self._session.post(self._url, data=_encode(body), headers=_HEADERS)


class Naive(Merged):
    """Asks upstream; each token is one message."""

    def _events(self, tokens: list[str], completed: pb.LLMResponse | None) -> list[pb.StreamEvent]:
        events = [pb.StreamEvent(deltas=[pb.Delta(text=token)]) for token in tokens]
        if completed is not None:
            events.append(pb.StreamEvent(completed=completed))
        return events


class Stream:
    """The state of one stream from upstream."""

    def __init__(self) -> None:
        self.completed: pb.LLMResponse | None = None
        self._rest = b""
        self._tokens: list[str] = []
        self._usage: Counted | None = None
        self._model = ""

    def feed(self, data: bytes) -> list[str]:
        """The tokens in what was read; after the last, `completed` is there."""
        *events, self._rest = (self._rest + data).split(b"\n\n")
        tokens: list[str] = []
        for event in events:
            payload = event.removeprefix(b"data: ")
            if payload == b"[DONE]":
                content = "".join(self._tokens + tokens)
                self.completed = _response(content, self._model, self._usage)
                break
            chunk = _decode(payload)
            self._model = chunk.model
            self._usage = chunk.usage or self._usage
            if chunk.choices and (delta := chunk.choices[0].delta) and delta.content:
                tokens.append(delta.content)
        self._tokens += tokens
        return tokens


def _response(content: str, model: str, usage: Counted | None) -> pb.LLMResponse:
    response = pb.LLMResponse(
        content=content,
        message=pb.LLMMessage(role=pb.ROLE_ASSISTANT, parts=[pb.Part(text=content)]),
        provider="floor",
        model=model,
        finish_reason=pb.FINISH_REASON_STOP,
    )
    if usage is not None:
        response.prompt_tokens = usage.prompt_tokens
        response.completion_tokens = usage.completion_tokens
        response.tokens_used = usage.prompt_tokens + usage.completion_tokens
        response.usage.input_tokens = usage.prompt_tokens
        response.usage.output_tokens = usage.completion_tokens
    return response


def _handler(servicer: Echo | Merged) -> grpc.GenericRpcHandler:
    read = pb.GenerateRequest.FromString
    return grpc.method_handlers_generic_handler(
        "llmrpc.v1.LLMService",
        {
            "Generate": grpc.unary_unary_rpc_method_handler(
                servicer.Generate, read, pb.LLMResponse.SerializeToString
            ),
            "StreamText": grpc.unary_stream_rpc_method_handler(
                servicer.StreamText, read, pb.StreamEvent.SerializeToString
            ),
        },
    )


async def serve(kind: str, upstream: int) -> None:
    """Serves on a free port of loopback, which it prints, until the process is ended."""
    connector = aiohttp.TCPConnector(limit=0)
    async with aiohttp.ClientSession(
        connector=connector, cookie_jar=aiohttp.DummyCookieJar()
    ) as session:
        url = f"http://127.0.0.1:{upstream}/v1/chat/completions"
        servicers: dict[str, Echo | Merged] = {
            "echo": Echo(),
            "naive": Naive(session, url),
            "merged": Merged(session, url),
        }
        server = grpc.aio.server()
        server.add_generic_rpc_handlers((_handler(servicers[kind]),))
        health_pb2_grpc.add_HealthServicer_to_server(health.aio.HealthServicer(), server)
        port = server.add_insecure_port("127.0.0.1:0")
        await server.start()
        print(f"127.0.0.1:{port}")
        await server.wait_for_termination()


if __name__ == "__main__":
    run(serve(sys.argv[1], int(sys.argv[2])))
