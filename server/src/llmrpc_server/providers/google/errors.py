"""Which exception Google's error is: one table, by status and the body's own reason.

The status decides first, then ErrorInfo's reason or the kind of quota, and a short table
of phrases where there is no reason. Source:
https://ai.google.dev/gemini-api/docs/generate-content/api-errors
"""

from __future__ import annotations

from collections.abc import Mapping

from llmrpc.errors import LLMClientError
from llmrpc_server.providers.context_words import CONTEXT_PHRASES
from llmrpc_server.providers.error_words import filtered, said_too
from llmrpc_server.providers.failures import (
    DOWN,
    KEY,
    OVERLOADED,
    QUOTA,
    Kind,
    answered,
    failure,
    kind_of_status,
    kind_of_words,
)
from llmrpc_server.providers.google.error_body import Body, read_body

_BY_STATUS = {499: DOWN, 503: OVERLOADED}
"""Where Google means something else than most."""

_BY_REASON: Mapping[int, Mapping[str, Kind]] = {
    400: {"API_KEY_INVALID": KEY, "API_KEY_EXPIRED": KEY},
    403: {"BILLING_DISABLED": QUOTA},
}
"""What a reason makes of a status, where it makes more of it. Reasons:
https://github.com/googleapis/googleapis/blob/master/google/api/error_reason.proto"""

_STATUS_OF_WORD = {
    "CANCELLED": 499,
    "INVALID_ARGUMENT": 400,
    "FAILED_PRECONDITION": 400,
    "OUT_OF_RANGE": 400,
    "UNAUTHENTICATED": 401,
    "PERMISSION_DENIED": 403,
    "NOT_FOUND": 404,
    "ABORTED": 409,
    "RESOURCE_EXHAUSTED": 429,
    "INTERNAL": 500,
    "UNKNOWN": 500,
    "UNAVAILABLE": 503,
    "DEADLINE_EXCEEDED": 504,
}
"""google.rpc.Code as HTTP has it."""


def from_status(
    provider: str, status: int, headers: Mapping[str, str], body: bytes
) -> LLMClientError:
    """The exception for an answer with an error status."""
    body_said = read_body(body)
    kind = _kind(status, body_said)
    said = said_too(body_said.said(), body)
    error = filtered(answered(provider, kind, said, status, headers), kind, status, said)
    return _with_wait(error, kind, body_said)


def from_stream(provider: str, said: Body) -> LLMClientError:
    """The exception for an error that came with status 200."""
    code = said.code if said.code is not None and 400 <= said.code < 600 else 500
    kind = _kind(_STATUS_OF_WORD.get(said.status, code) if said.code is None else code, said)
    return _with_wait(failure(provider, kind, said.said()), kind, said)


def _kind(status: int, said: Body) -> Kind:
    reason = _BY_REASON.get(status, {}).get(said.reason)
    if reason is not None:
        return reason
    if status == 429 and said.used_up:
        return QUOTA
    if status == 400 and (kind := kind_of_words(said.message, CONTEXT_PHRASES)):
        return kind
    return _BY_STATUS.get(status) or kind_of_status(status)


def _with_wait(error: LLMClientError, kind: Kind, said: Body) -> LLMClientError:
    """RetryInfo's wait, where waiting helps: it says seconds for a day's quota too."""
    error.limit_scope = said.scope
    if kind is not QUOTA and error.retry_after is None:
        error.retry_after = said.retry_after
    return error
