"""A provider that plays a script, a clock that sleep moves, and failures by name."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import pytest

from llmrpc import v1 as pb
from llmrpc.attempts import Try
from llmrpc.base import BaseLLMClient
from llmrpc.call import Call
from llmrpc.errors import (
    AuthenticationError,
    LLMClientError,
    ProviderNotAvailableError,
    RateLimitError,
)
from llmrpc.stream import EventStream

METHODS = pytest.mark.parametrize("method", ["generate", "open_stream", "count_tokens"])
FAILED, SUCCEEDED = pb.Attempt.OUTCOME_FAILED, pb.Attempt.OUTCOME_SUCCEEDED
PROMPT = "a prompt that no span may hold"


class Asked(NamedTuple):
    """One call of the fake provider."""

    method: str
    request: pb.GenerateRequest
    call: Call


class Provider(BaseLLMClient):
    """Plays its script, one outcome a call, then answers; keeps what it was asked.

    Exceptions are raised, all else is returned as it is.
    """

    def __init__(self, *script: Any, name: str = "openai") -> None:
        super().__init__(name)
        self.script = list(script)
        self.asked: list[Asked] = []
        self.closed = False

    async def generate(self, request: pb.GenerateRequest, call: Call | None = None) -> Any:
        return self._play("generate", request, call, pb.LLMResponse(content="Hello"))

    async def open_stream(self, request: pb.GenerateRequest, call: Call | None = None) -> Any:
        return self._play("open_stream", request, call, Stream(completed("Hello")))

    async def count_tokens(self, request: pb.GenerateRequest, call: Call | None = None) -> Any:
        return self._play("count_tokens", request, call, pb.CountTokensResponse(prompt_tokens=3))

    async def close(self) -> None:
        self.closed = True

    def _play(
        self, method: str, request: pb.GenerateRequest, call: Call | None, answer: Any
    ) -> Any:
        call = call or Call()
        self.asked.append(Asked(method, request, call))
        with Try(call, self.provider_name, request.model):
            outcome = self.script.pop(0) if self.script else answer
            if isinstance(outcome, BaseException):
                raise outcome
        return outcome

    @property
    def keys(self) -> list[str | None]:
        """The names of the keys that it was called with, in order."""
        targets = [asked.call.target for asked in self.asked]
        return [each.key.name if each and each.key else None for each in targets]


class Stream(EventStream):
    """Gives its events, raises those that are exceptions, and keeps how often it was closed."""

    def __init__(self, *events: pb.StreamEvent | BaseException) -> None:
        self.events = list(events)
        self.closes = 0
        self.refuses_to_close: Exception | None = None

    async def __anext__(self) -> pb.StreamEvent:
        if not self.events:
            raise StopAsyncIteration
        event = self.events.pop(0)
        if isinstance(event, BaseException):
            raise event
        return event

    async def aclose(self) -> None:
        self.closes += 1
        if self.refuses_to_close is not None:
            raise self.refuses_to_close


class Clock:
    """Time that passes only while somebody sleeps."""

    def __init__(self) -> None:
        self.now = 1000.0
        self.slept: list[float] = []

    def __call__(self) -> float:
        return self.now

    async def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.now += seconds


def due(clock: Clock, seconds: float) -> Call:
    """A call whose deadline is so far away."""
    return Call(deadline=clock.now + seconds)


def delta(text: str) -> pb.StreamEvent:
    return pb.StreamEvent(sequence=1, deltas=[pb.Delta(text=text)])


def completed(text: str, **fields: Any) -> pb.StreamEvent:
    return pb.StreamEvent(sequence=2, completed=pb.LLMResponse(content=text, **fields))


def ask(model: str = "m", **fields: Any) -> pb.GenerateRequest:
    message = pb.LLMMessage(role=pb.ROLE_USER, content=PROMPT)
    return pb.GenerateRequest(messages=[message], model=model, **fields)


async def send(
    client: BaseLLMClient, method: str, call: Call | None = None, model: str = "m"
) -> Any:
    """One call by whichever method is named."""
    return await getattr(client, method)(ask(model), call)


async def failure(
    client: BaseLLMClient, method: str = "generate", call: Call | None = None, model: str = "m"
) -> LLMClientError:
    """The error of a call that must fail."""
    with pytest.raises(LLMClientError) as caught:
        await send(client, method, call, model)
    return caught.value


def outcomes(trail: Sequence[pb.Attempt]) -> list[int]:
    return [attempt.outcome for attempt in trail]


def down(wait: float | None = None) -> LLMClientError:
    return ProviderNotAvailableError("it is down", http_status=503, retry_after=wait)


def limited(wait: float | None = None) -> LLMClientError:
    return RateLimitError("slower", http_status=429, retry_after=wait)


def empty() -> LLMClientError:
    return RateLimitError("pay", reason=pb.ERROR_REASON_PROVIDER_QUOTA_EXHAUSTED, http_status=429)


def refused(status: int = 401) -> LLMClientError:
    return AuthenticationError(
        "no", reason=pb.ERROR_REASON_PROVIDER_AUTHENTICATION, http_status=status
    )


def forbidden_again(error: LLMClientError) -> LLMClientError:
    """The same with the provider's word (`x-should-retry: false`) that it is final."""
    error.retryable = False
    return error
