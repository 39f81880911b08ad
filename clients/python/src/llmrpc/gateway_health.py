"""The standard health service, asked without its package.

`grpcio-health-checking` would tie the client to its own newest grpcio and protobuf for
two messages of one field each (grpc/health/v1/health.proto): the request's string and
the response's enum are field 1, and so have the wire format of these wrappers.
"""

from __future__ import annotations

from collections.abc import Awaitable

import grpc
import grpc.aio
from google.protobuf import wrappers_pb2

from llmrpc.errors import LLMClientError

_METHOD = "/grpc.health.v1.Health/Check"
_STATUSES = ("UNKNOWN", "SERVING", "NOT_SERVING", "SERVICE_UNKNOWN")
"""`HealthCheckResponse.ServingStatus`, by number."""

CheckMethod = grpc.aio.UnaryUnaryMultiCallable[wrappers_pb2.StringValue, wrappers_pb2.Int32Value]


def check(channel: grpc.aio.Channel) -> CheckMethod:
    """The method that asks how the service of this name is."""
    return channel.unary_unary(
        _METHOD,
        request_serializer=wrappers_pb2.StringValue.SerializeToString,
        response_deserializer=wrappers_pb2.Int32Value.FromString,
    )


async def status(answer: Awaitable[wrappers_pb2.Int32Value]) -> str:
    """The answer by its name.

    A service that is not known there is SERVICE_UNKNOWN, as the protocol's Watch says it.
    """
    try:
        number = (await answer).value
    except LLMClientError as error:
        cause = error.__cause__
        if isinstance(cause, grpc.aio.AioRpcError) and cause.code() is grpc.StatusCode.NOT_FOUND:
            return "SERVICE_UNKNOWN"
        raise
    return _STATUSES[number] if 0 <= number < len(_STATUSES) else f"STATUS_{number}"
