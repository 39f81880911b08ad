"""Tries again, with another key or after a wait, while nothing was seen yet."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import TypeVar

from llmrpc import v1 as pb
from llmrpc.base import BaseLLMClient
from llmrpc.call import ApiKey, Call, Target
from llmrpc.errors import GenerationTimeoutError, LLMClientError
from llmrpc.wrapper import WrapperClient
from llmrpc_server.bounds import AtLeastOne, Seconds
from llmrpc_server.frames import drop_frames
from llmrpc_server.policies.keys import KeyRing

T = TypeVar("T")

_LONG = {pb.ERROR_REASON_PROVIDER_STALLED}
"""What a caller may send again later, and has waited for long enough in this call."""


@dataclass(frozen=True, slots=True)
class RetrySettings:
    """How often, and how long between. Times are in seconds."""

    attempts: AtLeastOne = 4
    """Most tries in a call; more where there are more keys to turn to."""
    base_delay: Seconds = 0.5
    """The wait before the second try; it doubles each time, with jitter."""
    max_delay: Seconds = 8.0
    """Where the doubling ends."""
    max_retry_after: Seconds = 20.0
    """A provider that asks for a longer wait gets no further try in this call."""
    min_remaining: Seconds = 0.5
    """No try starts with less than this left to the deadline, the first one of an answer
    included."""


class RetryClient(WrapperClient):
    """Retries what may succeed when sent again, inside the deadline.

    `open_stream` returns at the first delta, so nothing is tried again behind
    it. The last error is raised with all attempts. Counts have rests of their keys'
    own: providers limit them apart from answers.
    """

    def __init__(
        self,
        inner: BaseLLMClient,
        keys: KeyRing,
        settings: RetrySettings,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
        uniform: Callable[[float, float], float] = random.uniform,
    ) -> None:
        super().__init__(inner)
        self._keys = keys
        self._counting = keys.apart()
        self._settings = settings
        self._sleep = sleep
        self._uniform = uniform

    async def around(
        self, request: pb.GenerateRequest, call: Call, once: Callable[[Call], Awaitable[T]]
    ) -> T:
        return await self._tried(self._keys, request, call, once)

    async def count_tokens(
        self, request: pb.GenerateRequest, call: Call | None = None
    ) -> pb.CountTokensResponse:
        return await self._tried(
            self._counting,
            request,
            call or Call(),
            lambda call: self.inner.count_tokens(request, call),
        )

    async def _tried(
        self,
        keys: KeyRing,
        request: pb.GenerateRequest,
        call: Call,
        once: Callable[[Call], Awaitable[T]],
    ) -> T:
        target = call.target or Target(self.provider_name, request.model)
        settings = self._settings
        most = max(settings.attempts, 2 * len(keys)) if len(keys) > 1 else settings.attempts
        tries, doubled = 0, settings.base_delay
        last: LLMClientError | None = None
        while True:
            if last is not None:
                drop_frames(last)  # they hold the request that failed
            key = await self._key(keys, target.model, call, last)
            if keys is self._keys and not self._may_wait(0.0, call):  # a count costs nothing
                raise last or self._too_late(call)
            try:
                return await once(call.aimed(Target(target.provider, target.model, key)))
            except LLMClientError as error:
                last = error
            backoff, doubled = min(doubled, settings.max_delay), 2 * doubled
            tries += 1
            if keys.penalise(key, target.model, last, backoff):
                limited = last.reason == pb.ERROR_REASON_PROVIDER_RATE_LIMITED
                final = tries >= most or (limited and not last.retryable)
                if final or not self._may_wait(0.0, call):
                    raise last
                continue
            delay = backoff * self._uniform(0.5, 1.0)
            if last.retry_after is not None:
                delay = last.retry_after
            again = last.retryable and last.reason not in _LONG
            if not again or tries >= settings.attempts or not self._may_wait(delay, call):
                raise last
            await self._sleep(delay)

    async def _key(
        self, keys: KeyRing, model: str, call: Call, last: LLMClientError | None
    ) -> ApiKey | None:
        """A key that may be used, after a wait where a short one brings one back.

        Raises what the ring says where it does not, with the shortest wait.
        """
        for _ in range(self._settings.attempts):
            try:
                return keys.pick(model)
            except LLMClientError as resting:
                wait = resting.retry_after
                if wait is None or not self._may_wait(wait, call):
                    raise resting from last
            await self._sleep(wait + self._uniform(0.0, self._spread(wait, call)))
        return keys.pick(model)

    def _too_late(self, call: Call) -> GenerationTimeoutError:
        return GenerationTimeoutError(
            f"the deadline leaves {call.remaining() or 0.0:.3g} s, and an attempt needs "
            f"{self._settings.min_remaining:g} s (`retry.min_remaining`); nothing was sent; "
            "give the call more time"
        )

    def _spread(self, wait: float, call: Call) -> float:
        """How far apart those who wait for one key wake, with time left for their tries."""
        spread = 0.05 + wait / 10
        remaining = call.remaining()
        if remaining is None:
            return spread
        return max(0.0, min(spread, remaining - wait - self._settings.min_remaining))

    def _may_wait(self, delay: float, call: Call) -> bool:
        """Whether a try after this wait is worth it."""
        if delay > self._settings.max_retry_after:
            return False
        remaining = call.remaining()
        return remaining is None or delay + self._settings.min_remaining <= remaining
