"""What a servicer sees of gRPC's context."""

from __future__ import annotations

from typing import Any

import grpc

from llmrpc_server.interceptors.rpc import Rpc


class ServicerContext:
    """gRPC's own, but that an abort tells the call its code: gRPC keeps it to itself."""

    __slots__ = ("_rpc",)

    def __init__(self, rpc: Rpc) -> None:
        self._rpc = rpc

    def __getattr__(self, name: str) -> Any:
        return getattr(self._rpc.context, name)

    async def abort(
        self, code: grpc.StatusCode, details: str = "", trailing_metadata: Any = ()
    ) -> None:
        self._rpc.code = code
        await self._rpc.context.abort(code, details, trailing_metadata)
