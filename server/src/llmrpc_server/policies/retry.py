"""Tries again, with another key or after a wait, while nothing was seen yet."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import TypeVar

from llmrpc import v1 as pb
from llmrpc.base import BaseLLMClient
from llmrpc.call import Call, Target
from llmrpc.errors import LLMClientError
from llmrpc.wrapper import WrapperClient
from llmrpc_server.bounds import AtLeastOne, Seconds
from llmrpc_server.policies.keys import KeyRing

T = TypeVar("T")


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
    """No try starts with less than this left to the deadline."""


class RetryClient(WrapperClient):
    """Retries what may succeed when sent again, inside the deadline.

    `open_stream` returns at the first delta, so nothing is tried again behind
    it. The last error is raised with all attempts.
    """

    def __init__(
        self,
        inner: BaseLLMClient,
        keys: KeyRing,
        settings: RetrySettings,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        super().__init__(inner)
        self._keys = keys
        self._settings = settings
        self._sleep = sleep

    async def around(
        self, request: pb.GenerateRequest, call: Call, once: Callable[[Call], Awaitable[T]]
    ) -> T:
        target = call.target or Target(self.provider_name, request.model)
        settings, keys = self._settings, self._keys
        tries = 0
        last: LLMClientError | None = None
        while True:
            try:
                key = keys.pick(target.model)
            except LLMClientError as resting:
                if last is None:
                    raise
                if not self._may_wait(resting.retry_after, call):
                    last.retry_after = resting.retry_after
                    raise last from resting
                await self._sleep(resting.retry_after or 0.0)
                continue
            try:
                return await once(call.aimed(Target(target.provider, target.model, key)))
            except LLMClientError as error:
                last = error
            backoff = min(settings.base_delay * 2**tries, settings.max_delay)
            tries += 1
            if keys.penalise(key, target.model, last, backoff):
                if tries >= max(settings.attempts, 2 * len(keys)):
                    raise last
                continue
            delay = backoff * random.uniform(0.5, 1.0)  # noqa: S311 - jitter, no secret
            if last.retry_after is not None:
                delay = last.retry_after
            if not last.retryable or tries >= settings.attempts or not self._may_wait(delay, call):
                raise last
            await self._sleep(delay)

    def _may_wait(self, delay: float | None, call: Call) -> bool:
        """Whether a try after this wait is worth it. None is for ever."""
        if delay is None or delay > self._settings.max_retry_after:
            return False
        remaining = call.remaining()
        return remaining is None or delay + self._settings.min_remaining <= remaining
