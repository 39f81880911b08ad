"""A bound on the calls at a time.

Health and reflection are exempt: at its limit a busy server still answers its
probes.
"""

from __future__ import annotations

from typing import Any

from llmrpc import v1 as pb
from llmrpc.errors import ProviderNotAvailableError
from llmrpc_server.interceptors.chain import Proceed
from llmrpc_server.interceptors.rpc import Rpc

RETRY_AFTER = 1.0
"""Seconds that a refused caller is asked to wait."""


class Admission:
    """Lets so many calls in at a time; 0 is no bound."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._running = 0

    async def __call__(self, rpc: Rpc, proceed: Proceed) -> Any:
        if not rpc.method.startswith("llmrpc."):
            return await proceed()
        if self._most and self._running >= self._most:
            raise ProviderNotAvailableError(
                f"this gateway serves {self._most} calls at a time and has as many",
                reason=pb.ERROR_REASON_GATEWAY_OVERLOADED,
                retry_after=RETRY_AFTER,
            )
        self._running += 1
        try:
            return await proceed()
        finally:
            self._running -= 1
