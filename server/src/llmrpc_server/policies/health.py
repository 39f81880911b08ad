"""Watches how a provider's calls end, and says when it is down and up again."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TypeVar

from llmrpc import v1 as pb
from llmrpc.base import BaseLLMClient
from llmrpc.call import Call
from llmrpc.errors import LLMClientError
from llmrpc.wrapper import WrapperClient

T = TypeVar("T")

_DOWN = {
    pb.ERROR_REASON_PROVIDER_UNAVAILABLE,
    pb.ERROR_REASON_PROVIDER_OVERLOADED,
    pb.ERROR_REASON_PROVIDER_RESPONSE_INVALID,
    pb.ERROR_REASON_PROVIDER_STALLED,
}
FAILURES = 3
"""Failed tries in a row that make a provider count as down."""


class HealthWatcher(WrapperClient):
    """Reports `on_change(provider, up)`.

    Down after failures in a row, up after the first answer behind them, be it that
    a request or a key is refused. A fault of the request that never got there does
    not count.
    """

    def __init__(self, inner: BaseLLMClient, on_change: Callable[[str, bool], None]) -> None:
        super().__init__(inner)
        self._on_change = on_change
        self._failures = 0

    async def around(
        self, request: pb.GenerateRequest, call: Call, once: Callable[[Call], Awaitable[T]]
    ) -> T:
        try:
            result = await once(call)
        except LLMClientError as error:
            if error.reason in _DOWN:
                self._failures += 1
                if self._failures == FAILURES:
                    self._on_change(self.provider_name, False)
            elif error.http_status is not None:
                self._answered()
            raise
        self._answered()
        return result

    async def count_tokens(
        self, request: pb.GenerateRequest, call: Call | None = None
    ) -> pb.CountTokensResponse:
        """Passes: most counts are made here and tell nothing of the provider."""
        return await self.inner.count_tokens(request, call)

    def _answered(self) -> None:
        if self._failures >= FAILURES:
            self._on_change(self.provider_name, True)
        self._failures = 0
