"""Reads what a failed call says, as any stock client could."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import grpc
import pytest
from google.rpc import error_details_pb2, status_pb2

from llmrpc import v1 as pb


@dataclass
class Failure:
    """A status with its details unpacked."""

    code: grpc.StatusCode
    message: str
    trailers: dict[str, Any]
    reason: str = ""
    metadata: dict[str, str] = field(default_factory=dict)
    retry_delay: float | None = None
    details: pb.ErrorDetails = field(default_factory=pb.ErrorDetails)

    @property
    def pushback(self) -> str | None:
        return self.trailers.get("grpc-retry-pushback-ms")


async def failure_of(call: Any) -> Failure:
    """Awaits a unary call, or reads a stream, that must fail."""
    with pytest.raises(grpc.aio.AioRpcError) as caught:
        await _finish(call)
    return read_failure(caught.value)


async def _finish(call: Any) -> None:
    if hasattr(call, "__aiter__"):
        async for _ in call:
            pass
    else:
        await call


def read_failure(error: grpc.aio.AioRpcError) -> Failure:
    """The error's status and details."""
    trailers = dict(error.trailing_metadata())
    failure = Failure(error.code(), error.details() or "", trailers)
    status = status_pb2.Status.FromString(trailers["grpc-status-details-bin"])
    for packed in status.details:
        info = error_details_pb2.ErrorInfo()
        delay = error_details_pb2.RetryInfo()
        if packed.Unpack(info):
            assert info.domain == "llmrpc"
            failure.reason, failure.metadata = info.reason, dict(info.metadata)
        elif packed.Unpack(delay):
            failure.retry_delay = delay.retry_delay.ToTimedelta().total_seconds()
        else:
            packed.Unpack(failure.details)
    return failure
