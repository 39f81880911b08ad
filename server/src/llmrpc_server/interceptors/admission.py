"""A bound on the calls at a time.

Health and reflection are exempt: at its limit a busy server still answers its
probes.
"""

from __future__ import annotations

from llmrpc import v1 as pb
from llmrpc.errors import ProviderNotAvailableError
from llmrpc_server.interceptors.calls import Calls
from llmrpc_server.interceptors.rpc import Rpc

RETRY_AFTER = 1.0
"""Seconds that a refused caller is asked to wait."""


class Admission:
    """Lets so many calls in at a time; 0 is no bound.

    A call counts until its answer is delivered, or it is gone.
    """

    def __init__(self, most: int, calls: Calls) -> None:
        self._most = most
        self._calls = calls

    def judge(self, rpc: Rpc) -> None:
        """Raises GATEWAY_OVERLOADED for one call too many."""
        if self._most and self._calls.running >= self._most and rpc.method.startswith("llmrpc."):
            raise ProviderNotAvailableError(
                f"gateway is at its limit of {self._most} concurrent calls; "
                f"retry after {RETRY_AFTER:g} s",
                reason=pb.ERROR_REASON_GATEWAY_OVERLOADED,
                retry_after=RETRY_AFTER,
            )
