"""The embedded default: answers with the caller's last message, for nothing.

For trying the gateway, for tests and for load. It takes text alone, and honours
`max_tokens` and `stop`. It samples nothing: a sampling field is named in the
warnings, so that what is tried on it runs unchanged on a model.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from llmrpc import v1 as pb
from llmrpc.attempts import Try
from llmrpc.base import BaseLLMClient
from llmrpc.call import Call
from llmrpc.findings import not_accepted
from llmrpc.hints import check_text_only
from llmrpc.response import build_response
from llmrpc.stream import EventStream
from llmrpc_server.providers.word_count import Words, count_words

NAME = "echo"
SAMPLING = frozenset(
    {"temperature", "top_p", "top_k", "seed", "presence_penalty", "frequency_penalty"}
)
FIELDS = SAMPLING | {"messages", "model", "max_tokens", "stop"}
"""What it takes of a request."""
MOST_EVENTS = 4096
"""Events of one stream: of a longer answer each has several words."""


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
        return _EchoStream(answer, call, _response(request, call, attempt, answer))

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
    text: str
    words: int
    finish_reason: pb.FinishReason.ValueType
    warnings: Sequence[pb.Warning]


class _EchoStream(EventStream):
    """A word an event; of a long answer several, so that its events are bounded."""

    def __init__(self, answer: _Answer, call: Call, response: pb.LLMResponse) -> None:
        self._words = Words(answer.text)
        self._each = -(-answer.words // MOST_EVENTS) or 1
        self._last = max(1, -(-answer.words // self._each))
        self._started = pb.Started(provider=NAME, model=NAME, request_id=call.request_id)
        self._call = call
        self._response = response
        self._sequence = 0

    async def __anext__(self) -> pb.StreamEvent:
        if self._sequence >= self._last:
            raise StopAsyncIteration
        self._sequence += 1
        event = pb.StreamEvent(sequence=self._sequence)
        if self._sequence == 1:
            event.started.CopyFrom(self._started)
        if text := self._words.take(self._each):
            event.deltas.add(text=text)
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
        text = text.partition(stop)[0]
    if request.HasField("max_tokens"):
        max_tokens = request.max_tokens
    words = count_words(text)
    if max_tokens is None or words <= max_tokens:
        return _Answer(text, words, pb.FINISH_REASON_STOP, warnings)
    return _Answer(Words(text).take(max_tokens), max_tokens, pb.FINISH_REASON_LENGTH, warnings)


def _last_text(request: pb.GenerateRequest) -> str:
    for message in reversed(request.messages):
        if message.role == pb.ROLE_USER:
            return message.content or "".join(part.text for part in message.parts)
    return ""


def _prompt_tokens(request: pb.GenerateRequest) -> int:
    texts = [message.content for message in request.messages]
    texts += [part.text for message in request.messages for part in message.parts]
    return sum(map(count_words, texts))


def _response(
    request: pb.GenerateRequest, call: Call, attempt: Try, answer: _Answer
) -> pb.LLMResponse:
    usage = pb.Usage(input_tokens=_prompt_tokens(request), output_tokens=answer.words)
    cost = pb.Cost(total_nano_usd=0, price_source="free")
    attempt.spend(usage, cost)
    return build_response(
        call,
        provider=NAME,
        model=NAME,
        content=answer.text,
        parts=[pb.Part(text=answer.text)] if answer.text else [],
        finish_reason=answer.finish_reason,
        usage=usage,
        cost=cost,
        warnings=answer.warnings,
    )
