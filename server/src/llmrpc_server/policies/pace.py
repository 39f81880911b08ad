"""How many items of batches a provider gets at a time: it finds out what a provider bears.

Additive increase, multiplicative decrease (Chiu and Jain, 1989), as TCP does it: a few
at first, one more for every answer until the provider says that it is too much; then
half of them, and from there one more for a round of answers. Calls on their own never
wait here, but that they are limited slows batches down too.
"""

from __future__ import annotations

import asyncio
import random
from collections import deque
from collections.abc import Awaitable, Callable
from contextlib import suppress
from time import monotonic
from typing import TypeVar

from llmrpc import v1 as pb
from llmrpc.base import BaseLLMClient
from llmrpc.call import Call
from llmrpc.errors import LLMClientError
from llmrpc.wrapper import WrapperClient

T = TypeVar("T")

LIMITED = frozenset({pb.ERROR_REASON_PROVIDER_RATE_LIMITED, pb.ERROR_REASON_PROVIDER_OVERLOADED})
"""What a provider says that has too much to do."""
START = 4
"""Items at a time before anything is known."""
BURST = 1.0
"""Seconds in which refusals with no answer between them are one sign, not many."""
REST = 1.0
"""Seconds without a new item where the provider names no time."""


class Pace:
    """The items that one provider has, and may have. Times are in seconds.

    A provider that limits may answer nothing for `patience`, then items fail.
    """

    def __init__(self, most: int, patience: float) -> None:
        self._most = most
        self._patience = patience
        self._limit = float(min(START, most))
        self._running = 0
        self._waiting: deque[asyncio.Future[None]] = deque()
        self._rest: tuple[float, asyncio.TimerHandle] | None = None
        self._cut = float("-inf")
        """When the limit was last halved."""
        self._answers = 0
        """Since then."""
        self._trouble: float | None = None
        """When the provider began to limit, no answer having come since."""
        self._sign = float("-inf")
        """When it last limited."""

    async def enter(self) -> None:
        """Waits for its turn, first come, first served; `leave` follows."""
        if not self._waiting and self._free():
            self._running += 1
            return
        turn = asyncio.get_running_loop().create_future()
        self._waiting.append(turn)
        try:
            await turn
        except asyncio.CancelledError:
            if turn.cancelled():
                with suppress(ValueError):
                    self._waiting.remove(turn)
            else:  # it was let in at that moment
                self.leave()
            raise

    def leave(self, *, answered: bool = False) -> None:
        """An item is done with the provider."""
        if answered:
            self._answers += 1
            self._trouble = None
            if self._running >= int(self._limit):  # else it was not the limit that held it
                more = 1.0 if self._cut < 0 else 1 / self._limit
                self._limit = min(self._limit + more, float(self._most))
        self._running -= 1
        self._wake()

    def limited(self) -> None:
        """The provider said that it has too much to do."""
        now = self._note()
        if self._answers or now - self._cut > BURST:
            self._limit = max(1.0, min(self._limit, self._running) / 2)
            self._cut, self._answers = now, 0

    def rest(self, seconds: float | None, deadline: float | None) -> bool:
        """Lets no item in for so long; says whether waiting for it is worth it.

        It is not where the wait ends behind the deadline or the patience.
        """
        now = self._note()
        until = now + (REST if seconds is None else seconds) * random.uniform(1.0, 1.1)  # noqa: S311
        trouble = now if self._trouble is None else self._trouble
        if until > trouble + self._patience or (deadline is not None and until > deadline):
            return False
        if self._rest is None or until > self._rest[0]:
            if self._rest is not None:
                self._rest[1].cancel()
            timer = asyncio.get_running_loop().call_later(until - now, self._rested)
            self._rest = until, timer
        return True

    def _note(self) -> float:
        now = monotonic()
        if self._trouble is None or now - self._sign > self._patience:
            self._trouble = now
        self._sign = now
        return now

    def _rested(self) -> None:
        self._rest = None
        self._wake()

    def _free(self) -> bool:
        return self._rest is None and self._running < int(self._limit)

    def _wake(self) -> None:
        while self._waiting and self._free():
            turn = self._waiting.popleft()
            if not turn.done():
                self._running += 1
                turn.set_result(None)


class PaceWatcher(WrapperClient):
    """Tells `limited()` of every try that the provider has no room for."""

    def __init__(self, inner: BaseLLMClient, limited: Callable[[], None]) -> None:
        super().__init__(inner)
        self._limited = limited

    async def around(
        self, request: pb.GenerateRequest, call: Call, once: Callable[[Call], Awaitable[T]]
    ) -> T:
        try:
            return await once(call)
        except LLMClientError as error:
            if error.reason in LIMITED:
                self._limited()
            raise

    async def count_tokens(
        self, request: pb.GenerateRequest, call: Call | None = None
    ) -> pb.CountTokensResponse:
        """Passes: providers limit counts apart from answers."""
        return await self.inner.count_tokens(request, call)
