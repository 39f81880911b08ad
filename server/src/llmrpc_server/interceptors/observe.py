"""One span and one log line for every call, and for every item of a batch."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Sequence
from typing import Any

import grpc
from opentelemetry.trace import Tracer

from llmrpc import v1 as pb
from llmrpc.response import NANO, completion_tokens, prompt_tokens
from llmrpc.spent import attempts_cost, response_cost
from llmrpc_server import telemetry
from llmrpc_server.interceptors.chain import Proceed
from llmrpc_server.interceptors.rpc import PROBES, Rpc

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

_TOLD = {
    grpc.StatusCode.INVALID_ARGUMENT,
    grpc.StatusCode.RESOURCE_EXHAUSTED,
    grpc.StatusCode.UNAUTHENTICATED,
    grpc.StatusCode.UNIMPLEMENTED,
}
"""Codes with which probes and reflection are logged as all other calls."""

_EARLY = 0.01
"""How much of its time a caller may be early when it gives up at its deadline: its
gRPC rounds the timeout that it sends up to a hundredth (timeout_encoding.cc)."""
_TRANSIT = 0.01
"""Seconds by which the ways of a call and of its cancellation may differ."""

Field = str | int | float


class Observe:
    """Watches calls from outside the error mapping, so it sees what is sent.

    Probes and reflection are logged at DEBUG unless something is wrong with them, all else
    at INFO. Without a tracer
    the caller's trace headers pass through to the provider unchanged.
    """

    def __init__(self, tracer: Tracer | None) -> None:
        self._tracer = tracer

    async def __call__(self, rpc: Rpc, proceed: Proceed) -> Any:
        span = None
        headers = telemetry.trace_headers(rpc.metadata)
        rpc.trace_context = tuple(headers.items())
        if self._tracer is not None:
            span = telemetry.CallSpan(self._tracer, rpc.method, headers, rpc.place)
            rpc.trace_context = telemetry.upstream_headers(span.span)
        try:
            return await proceed()
        except asyncio.CancelledError:
            _cancelled(rpc)
            raise
        finally:
            if rpc.too_large:  # a handler takes that for the end of its requests
                rpc.code, rpc.reason = grpc.StatusCode.RESOURCE_EXHAUSTED, ""
            fields = _fields(rpc)
            quiet = rpc.method.startswith(PROBES) and rpc.code not in _TOLD
            level = logging.DEBUG if quiet else logging.INFO
            logger.log(level, "item" if rpc.place else "call", extra={"fields": fields})
            if span is not None:
                attributes: dict[str, telemetry.Value] = {telemetry.REQUEST_ID: rpc.request_id}
                if rpc.caller:
                    attributes[telemetry.CALLER] = rpc.caller
                span.end(
                    rpc.code.name,
                    server_fault=rpc.code in _SERVER_FAULTS,
                    attributes=attributes,
                )


def _cancelled(rpc: Rpc) -> None:
    """The caller went away, or its deadline passed and gRPC's core was the first to see it."""
    rpc.code = grpc.StatusCode.CANCELLED
    if rpc.deadline is not None:
        left = rpc.deadline - time.monotonic()
        if left <= _EARLY * (rpc.deadline - rpc.started) + _TRANSIT:
            rpc.code = grpc.StatusCode.DEADLINE_EXCEEDED
            rpc.reason = rpc.code.name  # the reason has the code's name


def _fields(rpc: Rpc) -> dict[str, Field]:
    """What one line tells: never a prompt, an answer or a key."""
    fields: dict[str, Field] = {
        "method": rpc.method,
        "status": rpc.code.name,
        "seconds": round(time.monotonic() - rpc.started, 6),
        "request_id": rpc.request_id,
    }
    if rpc.reason:
        fields["reason"] = rpc.reason
    if rpc.code is not grpc.StatusCode.OK and rpc.peer:
        fields["peer"] = rpc.peer
    if rpc.caller:
        fields["caller"] = rpc.caller
    if rpc.requested_model:
        fields["requested_model"] = rpc.requested_model
    if rpc.trail:
        fields["provider"] = rpc.trail[-1].provider
        fields["model"] = rpc.trail[-1].model
        fields["attempts"] = len(rpc.trail)
    if rpc.items:
        fields |= {"items": rpc.items, "failed": rpc.failed}  # their own lines have the money
    if rpc.response is not None:
        fields |= _spent(rpc.response.usage, response_cost(rpc.response), rpc.trail)
    elif rpc.usage is not None:
        fields |= _spent(rpc.usage, attempts_cost(rpc.cost, rpc.trail), rpc.trail)
    return fields


def _spent(usage: pb.Usage, cost: int | None, trail: Sequence[pb.Attempt]) -> dict[str, Field]:
    """Tokens of the last attempt that used some, and the price of all, in nano-USD.

    Both are counted by the providers unless it says `estimated`.
    """
    fields: dict[str, Field] = {
        "prompt_tokens": prompt_tokens(usage),
        "completion_tokens": completion_tokens(usage),
    }
    if cost is not None:
        fields["cost_usd"] = cost / NANO
    if usage.estimated or any(attempt.cost.estimated for attempt in trail):
        fields["estimated"] = True
    return fields
