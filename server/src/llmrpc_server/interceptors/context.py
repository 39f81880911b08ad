"""What a servicer sees of gRPC's context."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import grpc

from llmrpc_server.interceptors.rpc import Rpc


class ServicerContext:
    """gRPC's own, but that the call hears its code, and keeps its own trailers.

    gRPC tells nobody the code of an abort, and what is set as trailing metadata
    replaces what was set before, the request id with it.
    """

    __slots__ = ("_rpc",)

    def __init__(self, rpc: Rpc) -> None:
        self._rpc = rpc

    def __getattr__(self, name: str) -> Any:
        return getattr(self._rpc.context, name)

    def set_code(self, code: grpc.StatusCode) -> None:
        self._rpc.code = code
        self._rpc.context.set_code(code)

    def set_trailing_metadata(self, trailing_metadata: Any) -> None:
        self._rpc.context.set_trailing_metadata(self._beside(trailing_metadata))

    async def abort(
        self, code: grpc.StatusCode, details: str = "", trailing_metadata: Any = ()
    ) -> None:
        self._rpc.code = code
        trailers = self._beside(trailing_metadata) if trailing_metadata else ()
        await self._rpc.context.abort(code, details, trailers)

    async def abort_with_status(self, status: grpc.Status) -> None:
        await self.abort(status.code, status.details, status.trailing_metadata)

    def _beside(self, metadata: Iterable[tuple[str, str | bytes]]) -> Any:
        return (*self._rpc.trailers, *metadata)
