"""The embedded default: answers with the caller's last message, for nothing.

For trying the gateway, for tests and for load. It reads text, honours
`max_tokens` and `stop`, and samples nothing, so sampling fields change nothing.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from llmrpc import v1 as pb
from llmrpc.attempts import Try
from llmrpc.base import BaseLLMClient
from llmrpc.call import Call
from llmrpc.errors import unsupported
from llmrpc.response import build_response
from llmrpc.stream import EventStream

NAME = "echo"
_WORDS = re.compile(r"\s*\S+|\s+$")
_LACKS = ("tools", "tool_choice", "response_format", "reasoning")


class EchoClient(BaseLLMClient):
    """Streams the last user message back, a word an event. A word is a token."""

    def __init__(self) -> None:
        super().__init__(NAME)

    async def generate(
        self, request: pb.GenerateRequest, call: Call | None = None
    ) -> pb.LLMResponse:
        call = call or Call()
        with Try(call, NAME, NAME):
            words, finish = _answer(request)
        return _response(request, call, words, finish)

    async def open_stream(
        self, request: pb.GenerateRequest, call: Call | None = None
    ) -> EventStream:
        call = call or Call()
        with Try(call, NAME, NAME):
            words, finish = _answer(request)
        return _EchoStream(words, call, _response(request, call, words, finish))


class _EchoStream(EventStream):
    def __init__(self, words: Sequence[str], call: Call, response: pb.LLMResponse) -> None:
        self._words = words
        self._started = pb.Started(provider=NAME, model=NAME, request_id=call.request_id)
        self._call = call
        self._response = response
        self._sequence = 0
        self._last = max(1, len(words))

    async def __anext__(self) -> pb.StreamEvent:
        place = self._sequence
        if place >= self._last:
            raise StopAsyncIteration
        self._sequence += 1
        event = pb.StreamEvent(sequence=self._sequence)
        if place == 0:
            event.started.CopyFrom(self._started)
        if place < len(self._words):
            event.deltas.add(text=self._words[place])
        if self._sequence == self._last:
            self._response.response_time = self._call.elapsed()
            event.completed.CopyFrom(self._response)
        return event

    async def aclose(self) -> None:
        self._sequence = self._last


def _answer(request: pb.GenerateRequest) -> tuple[list[str], pb.FinishReason.ValueType]:
    refused = [name for name in _LACKS if name in {f.name for f, _ in request.ListFields()}]
    if refused:
        raise unsupported(refused[0], NAME, NAME)
    words = _WORDS.findall(_last_text(request))
    for stop in request.stop:
        words = _WORDS.findall("".join(words).split(stop, 1)[0])
    if request.HasField("max_tokens") and request.max_tokens < len(words):
        return words[: request.max_tokens], pb.FINISH_REASON_LENGTH
    return words, pb.FINISH_REASON_STOP


def _last_text(request: pb.GenerateRequest) -> str:
    for place in range(len(request.messages) - 1, -1, -1):
        message = request.messages[place]
        if message.role == pb.ROLE_USER:
            return message.content or "".join(
                _text(part, f"messages[{place}].parts[{index}]")
                for index, part in enumerate(message.parts)
            )
    return ""


def _text(part: pb.Part, path: str) -> str:
    if part.WhichOneof("kind") != "text":
        raise unsupported(f"{path}.{part.WhichOneof('kind')}", NAME, NAME)
    return part.text


def _response(
    request: pb.GenerateRequest,
    call: Call,
    words: Sequence[str],
    finish: pb.FinishReason.ValueType,
) -> pb.LLMResponse:
    prompt = sum(len(_WORDS.findall(message.content)) for message in request.messages)
    prompt += sum(len(_WORDS.findall(p.text)) for m in request.messages for p in m.parts)
    content = "".join(words)
    return build_response(
        call,
        provider=NAME,
        model=NAME,
        content=content,
        parts=[pb.Part(text=content)] if content else [],
        finish_reason=finish,
        usage=pb.Usage(input_tokens=prompt, output_tokens=len(words)),
        cost=pb.Cost(total_nano_usd=0, price_source="free"),
    )
