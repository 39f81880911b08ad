"""One span and one log line for every call."""

from __future__ import annotations

import asyncio
import logging
import time
from typing import Any

import grpc
from opentelemetry.trace import Tracer

from llmrpc_server import telemetry
from llmrpc_server.interceptors.chain import Proceed
from llmrpc_server.interceptors.rpc import Rpc

logger = logging.getLogger("llmrpc.access")

_SERVER_FAULTS = {
    grpc.StatusCode.UNKNOWN,
    grpc.StatusCode.DEADLINE_EXCEEDED,
    grpc.StatusCode.UNIMPLEMENTED,
    grpc.StatusCode.INTERNAL,
    grpc.StatusCode.UNAVAILABLE,
    grpc.StatusCode.DATA_LOSS,
}
"""Codes that make a server span an error, as the RPC conventions say."""


class Observe:
    """Watches calls from outside the error mapping, so it sees what is sent.

    Probes and reflection are logged at DEBUG, all else at INFO. Without a tracer
    the caller's trace headers pass through to the provider unchanged.
    """

    def __init__(self, tracer: Tracer | None) -> None:
        self._tracer = tracer

    async def __call__(self, rpc: Rpc, proceed: Proceed) -> Any:
        span = None
        headers = {k: rpc.metadata[k] for k in telemetry.TRACE_HEADERS if k in rpc.metadata}
        rpc.trace_context = tuple(headers.items())
        if self._tracer is not None:
            span = telemetry.CallSpan(self._tracer, rpc.method, headers)
            rpc.trace_context = telemetry.upstream_headers(span.span)
        try:
            return await proceed()
        except asyncio.CancelledError:
            rpc.code = grpc.StatusCode.CANCELLED
            raise
        finally:
            fields = _fields(rpc)
            level = logging.INFO if rpc.method.startswith("llmrpc.") else logging.DEBUG
            logger.log(level, "call", extra={"fields": fields})
            if span is not None:
                attributes: dict[str, telemetry.Value] = {telemetry.REQUEST_ID: rpc.request_id}
                if rpc.caller:
                    attributes[telemetry.CALLER] = rpc.caller
                span.end(
                    rpc.code.name,
                    server_fault=rpc.code in _SERVER_FAULTS,
                    attributes=attributes,
                )


def _fields(rpc: Rpc) -> dict[str, str | int | float]:
    """What one line tells: never a prompt, an answer or a key."""
    fields: dict[str, str | int | float] = {
        "method": rpc.method,
        "status": rpc.code.name,
        "seconds": round(time.monotonic() - rpc.started, 6),
        "request_id": rpc.request_id,
    }
    if rpc.reason:
        fields["reason"] = rpc.reason
    if rpc.caller:
        fields["caller"] = rpc.caller
    if rpc.requested_model:
        fields["requested_model"] = rpc.requested_model
    if rpc.trail:
        fields["provider"] = rpc.trail[-1].provider
        fields["model"] = rpc.trail[-1].model
        fields["attempts"] = len(rpc.trail)
    if rpc.response is not None:
        fields["prompt_tokens"] = rpc.response.prompt_tokens
        fields["completion_tokens"] = rpc.response.completion_tokens
        if rpc.response.HasField("cost_estimate"):
            fields["cost_usd"] = rpc.response.cost_estimate
    return fields
