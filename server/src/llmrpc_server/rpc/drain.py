"""Lets calls that may last end in good order while the server stops."""

from __future__ import annotations

import asyncio
from types import TracebackType
from typing import Self

from llmrpc import v1 as pb
from llmrpc.errors import ProviderNotAvailableError

RETRY_AFTER = 1.0
"""Seconds that a caller is asked to wait before it turns to another gateway."""


class Drain:
    """Knows when the grace of a stopping server ends, and tells those who asked."""

    def __init__(self) -> None:
        self._span: tuple[float, float] | None = None
        self._scopes: dict[asyncio.Timeout, float] = {}

    def begin(self, grace: float) -> None:
        """The server stops, and gives running calls so many seconds; it may be said again."""
        self._span = asyncio.get_running_loop().time(), grace
        for scope, share in self._scopes.items():
            scope.reschedule(self._when(share))

    def until(self, share: float) -> Until:
        """A scope, for `async with`, that ends at this share of the grace.

        What still runs in it then is cancelled, and leaves it as
        `ProviderNotAvailableError` (GATEWAY_OVERLOADED).
        """
        return Until(self._scopes, asyncio.timeout_at(self._when(share)), share)

    def _when(self, share: float) -> float | None:
        return self._span and self._span[0] + share * self._span[1]


class Until:
    """One scope of a drain."""

    def __init__(
        self, scopes: dict[asyncio.Timeout, float], timeout: asyncio.Timeout, share: float
    ) -> None:
        self._scopes = scopes
        self._timeout = timeout
        self._share = share

    async def __aenter__(self) -> Self:
        await self._timeout.__aenter__()
        self._scopes[self._timeout] = self._share
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        del self._scopes[self._timeout]
        try:
            await self._timeout.__aexit__(kind, error, trace)
        except TimeoutError as expired:
            raise stopping("resubmit the items without a result") from expired


def stopping(what: str = "send the request") -> ProviderNotAvailableError:
    """The error for what a stopping server does not do any more."""
    return ProviderNotAvailableError(
        f"gateway is shutting down; {what} to another gateway",
        reason=pb.ERROR_REASON_GATEWAY_OVERLOADED,
        retry_after=RETRY_AFTER,
    )
