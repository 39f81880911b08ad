"""Bounds every call in time."""

from __future__ import annotations

import asyncio
import time
from typing import Any

from llmrpc.errors import GenerationTimeoutError
from llmrpc_server.interceptors.chain import Proceed
from llmrpc_server.interceptors.rpc import Rpc


class Deadline:
    """The caller's deadline, else `default` seconds for a whole answer.

    A stream without a deadline is bounded by the silence of its provider alone,
    for it may rightly be long.
    """

    def __init__(self, default: float) -> None:
        self._default = default

    async def __call__(self, rpc: Rpc, proceed: Proceed) -> Any:
        remaining = rpc.context.time_remaining()
        if remaining is None and not rpc.streams:
            remaining = self._default
        if remaining is None:
            return await proceed()
        return await within(remaining, rpc, proceed)


async def within(seconds: float, rpc: Rpc, proceed: Proceed) -> Any:
    """Proceeds, until so many seconds from now."""
    rpc.deadline = time.monotonic() + seconds
    try:
        async with asyncio.timeout(seconds) as scope:
            return await proceed()
    except TimeoutError as error:
        if not scope.expired():
            raise
        raise GenerationTimeoutError(f"the call was not done after {seconds:.3g} s") from error
