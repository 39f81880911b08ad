"""The embedded default: answers with the caller's last message, for nothing.

For trying the gateway, for tests and for load. It takes text alone, and honours
`max_tokens` and `stop`. It samples nothing: a sampling field is named in the
warnings, so that what is tried on it runs unchanged on a model.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice

from llmrpc import v1 as pb
from llmrpc.attempts import Try
from llmrpc.base import BaseLLMClient
from llmrpc.call import Call
from llmrpc.findings import not_accepted
from llmrpc.hints import check_text_only
from llmrpc.response import build_response
from llmrpc.stream import EventStream

NAME = "echo"
SAMPLING = frozenset(
    {"temperature", "top_p", "top_k", "seed", "presence_penalty", "frequency_penalty"}
)
FIELDS = SAMPLING | {"messages", "model", "max_tokens", "stop"}
"""What it takes of a request."""
_WORD = re.compile(r"\s*\S+|\s+$")


class EchoClient(BaseLLMClient):
    """Streams the last user message back, a word an event. A word is a token.

    `max_tokens` bounds the answer to a request that says nothing of it.
    """

    def __init__(self, max_tokens: int | None = None) -> None:
        super().__init__(NAME)
        self._max_tokens = max_tokens

    async def generate(
        self, request: pb.GenerateRequest, call: Call | None = None
    ) -> pb.LLMResponse:
        call = call or Call()
        with Try(call, NAME, NAME) as attempt:
            answer = _answer(request, self._max_tokens)
        return _response(request, call, attempt, answer)

    async def open_stream(
        self, request: pb.GenerateRequest, call: Call | None = None
    ) -> EventStream:
        call = call or Call()
        with Try(call, NAME, NAME) as attempt:
            answer = _answer(request, self._max_tokens)
        return _EchoStream(answer.words, call, _response(request, call, attempt, answer))

    async def count_tokens(
        self, request: pb.GenerateRequest, call: Call | None = None
    ) -> pb.CountTokensResponse:
        with Try(call or Call(), NAME, NAME):
            check_text_only(request, NAME, NAME, fields=FIELDS)
        return pb.CountTokensResponse(
            prompt_tokens=_prompt_tokens(request),
            method=pb.CountTokensResponse.METHOD_TOKENIZER,
            provider=NAME,
            model=NAME,
        )


@dataclass(frozen=True, slots=True)
class _Answer:
    words: Sequence[str]
    finish_reason: pb.FinishReason.ValueType
    warnings: Sequence[pb.Warning]


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


def _answer(request: pb.GenerateRequest, max_tokens: int | None) -> _Answer:
    warnings = check_text_only(request, NAME, NAME, fields=FIELDS)
    warnings += [
        pb.Warning(field=field.name, message=not_accepted(NAME, field.name))
        for field, _ in request.ListFields()
        if field.name in SAMPLING
    ]
    text = _last_text(request)
    for stop in request.stop:
        text = text.split(stop, 1)[0]
    if request.HasField("max_tokens"):
        max_tokens = request.max_tokens
    found = _words(text)
    words = list(islice(found, max_tokens))
    cut = next(found, None) is not None
    return _Answer(words, pb.FINISH_REASON_LENGTH if cut else pb.FINISH_REASON_STOP, warnings)


def _last_text(request: pb.GenerateRequest) -> str:
    for message in reversed(request.messages):
        if message.role == pb.ROLE_USER:
            return message.content or "".join(part.text for part in message.parts)
    return ""


def _prompt_tokens(request: pb.GenerateRequest) -> int:
    texts = [message.content for message in request.messages]
    texts += [part.text for message in request.messages for part in message.parts]
    return sum(1 for text in texts for _ in _words(text))


def _words(text: str) -> Iterator[str]:
    return (found[0] for found in _WORD.finditer(text))


def _response(
    request: pb.GenerateRequest, call: Call, attempt: Try, answer: _Answer
) -> pb.LLMResponse:
    content = "".join(answer.words)
    usage = pb.Usage(
        input_tokens=_prompt_tokens(request),
        output_tokens=len(answer.words),
    )
    cost = pb.Cost(total_nano_usd=0, price_source="free")
    attempt.spend(usage, cost)
    return build_response(
        call,
        provider=NAME,
        model=NAME,
        content=content,
        parts=[pb.Part(text=content)] if content else [],
        finish_reason=answer.finish_reason,
        usage=usage,
        cost=cost,
        warnings=answer.warnings,
    )
