"""What every call passes through: one concern a file, one ordered tuple."""

from __future__ import annotations

from collections.abc import Mapping

from opentelemetry.trace import Tracer

from llmrpc_server.interceptors.admission import Admission
from llmrpc_server.interceptors.auth import Auth
from llmrpc_server.interceptors.calls import Calls
from llmrpc_server.interceptors.chain import Chain
from llmrpc_server.interceptors.deadline import Deadline
from llmrpc_server.interceptors.errors import Errors
from llmrpc_server.interceptors.observe import Observe
from llmrpc_server.interceptors.request_id import request_id
from llmrpc_server.redaction import Redactor


def build_chain(
    *,
    tracer: Tracer | None,
    redactor: Redactor,
    keys: Mapping[str, str],
    calls: Calls,
    max_calls: int,
    timeout: float,
    write_timeout: float,
) -> Chain:
    """The interceptors in their order, outermost first."""
    return Chain(
        (
            request_id,
            Observe(tracer),
            Errors(redactor),
            Auth(keys),
            Admission(max_calls, calls),
            Deadline(timeout),
        ),
        calls,
        write_timeout,
    )
