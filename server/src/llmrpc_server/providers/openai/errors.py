"""Which exception a provider's error is: one table, by status and code.

The status decides first, then the body's own code or type; prose never does.
Sources: https://developers.openai.com/api/docs/guides/error-codes,
https://openrouter.ai/docs/api-reference/errors,
https://api-docs.deepseek.com/quick_start/error_codes,
https://console.groq.com/docs/errors
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import NamedTuple

from llmrpc import v1 as pb
from llmrpc.errors import EXCEPTIONS, LLMClientError, ProviderNotAvailableError
from llmrpc_server.providers.openai.error_body import Body, read_body
from llmrpc_server.providers.retry_after import retry_after

MAX_MESSAGE = 4096
"""Characters of a provider's message that an exception repeats: more than anybody
is shown, since secrets in it are masked, and it is cut again, after this."""
MAX_CODE = 100
"""Characters of a code; a longer one is none."""
MAX_REQUEST_ID = 200
"""Characters of the provider's name for a request."""


class Kind(NamedTuple):
    """What an error is, and what is said of it after the provider's name."""

    reason: pb.ErrorReason.ValueType
    text: str


_REJECTED = Kind(pb.ERROR_REASON_PROVIDER_REJECTED_REQUEST, "refuses the request")
_CONTEXT = Kind(
    pb.ERROR_REASON_CONTEXT_WINDOW_EXCEEDED,
    "says that prompt and answer do not fit in the model's context",
)
_NO_MODEL = Kind(pb.ERROR_REASON_MODEL_NOT_FOUND, "does not have the model")
_KEY = Kind(pb.ERROR_REASON_PROVIDER_AUTHENTICATION, "refuses the gateway's key")
_FORBIDDEN = Kind(
    pb.ERROR_REASON_PROVIDER_AUTHENTICATION, "does not let the gateway's key use this model"
)
_CONTENT = Kind(pb.ERROR_REASON_PROVIDER_REJECTED_REQUEST, "does not allow what the request holds")
_QUOTA = Kind(pb.ERROR_REASON_PROVIDER_QUOTA_EXHAUSTED, "has no quota left for the gateway's key")
_RATE = Kind(pb.ERROR_REASON_PROVIDER_RATE_LIMITED, "limits the rate of the gateway's key")
_OVERLOADED = Kind(pb.ERROR_REASON_PROVIDER_OVERLOADED, "is overloaded")
_DOWN = Kind(pb.ERROR_REASON_PROVIDER_UNAVAILABLE, "failed")
_STRANGE = Kind(
    pb.ERROR_REASON_PROVIDER_RESPONSE_INVALID, "answers neither as its protocol says nor an error"
)

_BY_STATUS: Mapping[int, Kind] = {
    400: _REJECTED,
    401: _KEY,
    402: _QUOTA,
    403: _FORBIDDEN,
    404: _NO_MODEL,
    408: _DOWN,
    409: _DOWN,
    413: _CONTEXT,
    422: _REJECTED,
    429: _RATE,
    503: _DOWN,
    529: _OVERLOADED,
}

_CONTEXT_CODES = {
    "context_length_exceeded": _CONTEXT,  # OpenAI, Groq, OpenRouter
    "max_tokens_exceeded": _CONTEXT,  # OpenRouter
    "token_limit_exceeded": _CONTEXT,  # OpenRouter
    "payload_too_large": _CONTEXT,  # OpenRouter
    "exceed_context_size_error": _CONTEXT,  # llama.cpp
}
_MODEL_CODES = {
    "model_not_found": _NO_MODEL,  # OpenAI, Groq
    "invalid_model": _NO_MODEL,  # Mistral
    "model_decommissioned": _NO_MODEL,  # Groq
    "model_not_available": _NO_MODEL,  # Together
}
_QUOTA_CODES = {
    "insufficient_quota": _QUOTA,  # OpenAI
    "billing_hard_limit_reached": _QUOTA,  # OpenAI
    "payment_required": _QUOTA,  # OpenRouter
}
_CONTENT_CODES = {
    "content_filter": _CONTENT,  # Azure
    "content_policy_violation": _CONTENT,  # OpenAI, OpenRouter
    "refusal": _CONTENT,  # OpenRouter
}
_BUSY_CODES = {
    "engine_overloaded": _OVERLOADED,  # OpenAI
    "overloaded_error": _OVERLOADED,  # OpenRouter for Anthropic
    "provider_overloaded": _OVERLOADED,  # OpenRouter
}

_CODES_OF_STATUS: Mapping[int, Mapping[str, Kind]] = {
    400: _CONTEXT_CODES | _MODEL_CODES,
    403: _CONTEXT_CODES | _QUOTA_CODES | _CONTENT_CODES,
    422: _CONTEXT_CODES | _MODEL_CODES,
    429: _QUOTA_CODES | _BUSY_CODES,
    500: _BUSY_CODES,
    502: _BUSY_CODES,
    503: _BUSY_CODES,
}
"""What a code makes of a status, where it makes more of it."""

_OF_THE_KEY = re.compile(
    "access|account|auth|countr|credential|forbidden|key(?!word)|model|org|permission|project|region"
)
"""Parts of codes of a 403 that is about who asks and not about what is asked. A
request's fault taken for the key's would let one caller set a key aside for all."""

_CODES_IN_STREAM: Mapping[str, Kind] = {
    **_CONTEXT_CODES,
    **_MODEL_CODES,
    **_QUOTA_CODES,
    **_CONTENT_CODES,
    **_BUSY_CODES,
    "rate_limit_exceeded": _RATE,
    "rate_limit_error": _RATE,
    "authentication": _KEY,
    "authentication_error": _KEY,
    "invalid_api_key": _KEY,
    "permission_denied": _FORBIDDEN,
    "not_found_error": _NO_MODEL,
    "invalid_request": _REJECTED,
    "invalid_request_error": _REJECTED,
    "BadRequestError": _REJECTED,
}
"""Where an error comes with status 200, a numeric code or one of these decides."""


def from_status(
    provider: str, status: int, headers: Mapping[str, str], body: bytes
) -> LLMClientError:
    """The exception for an answer with an error status."""
    headers = {name.lower(): value for name, value in headers.items()}
    said = read_body(body)
    error = _build(provider, _kind(status, said), said, status)
    error.http_status = status
    error.provider_request_id = headers.get("x-request-id", "")[:MAX_REQUEST_ID]
    error.metadata["http_status"] = str(status)
    error.retry_after = retry_after(headers)
    wish = headers.get("x-should-retry")
    if wish in ("true", "false") and error.reason != _QUOTA.reason:
        error.retryable = wish == "true"
    return error


def from_stream(provider: str, said: Body) -> LLMClientError:
    """The exception for an error that came with status 200."""
    if said.status is not None:
        return _build(provider, _kind(said.status, said), said, None)
    known = (_CODES_IN_STREAM[code] for code in said.codes if code in _CODES_IN_STREAM)
    return _build(provider, _CONTENT if said.moderated else next(known, _DOWN), said, None)


def failed(provider: str, finish_reason: str, *, overloaded: bool) -> LLMClientError:
    """The exception for a finish reason that says that the answer broke off."""
    kind = _OVERLOADED if overloaded else _DOWN
    return _build(provider, kind, Body((finish_reason,), "", None), None)


def unreadable(provider: str, why: str) -> ProviderNotAvailableError:
    """The exception for an answer that is not what the protocol says."""
    return ProviderNotAvailableError(
        f"{provider} {why}",
        reason=pb.ERROR_REASON_PROVIDER_RESPONSE_INVALID,
        metadata={"provider": provider},
    )


def _kind(status: int, said: Body) -> Kind:
    more = _CODES_OF_STATUS.get(status, {})
    for code in said.codes:
        if code in more:
            return more[code]
    if status == 403 and (said.moderated or _is_of_the_request(said.code)):
        return _CONTENT
    if status in _BY_STATUS:
        return _BY_STATUS[status]
    if status < 400:
        return _STRANGE
    return _REJECTED if status < 500 else _DOWN


def _is_of_the_request(code: str) -> bool:
    return bool(code) and not (code.isdigit() or _OF_THE_KEY.search(code.lower()))


def _build(provider: str, kind: Kind, said: Body, status: int | None) -> LLMClientError:
    text = f"{provider} {kind.text}"
    if kind in (_REJECTED, _NO_MODEL) and (message := _start(said.message)):
        text = f"{text}: {message}"
    elif status is not None:
        text = f"{text} (HTTP {status})"
    error = EXCEPTIONS[kind.reason](text, reason=kind.reason, metadata={"provider": provider})
    if said.codes and len(said.codes[0]) <= MAX_CODE:
        error.metadata["provider_code"] = said.codes[0]
    if kind is _QUOTA:
        error.retryable = False
    return error


def _start(message: str) -> str:
    """The message, cut between words: half a key could not be masked."""
    if len(message) <= MAX_MESSAGE:
        return message
    return message[: MAX_MESSAGE + 1].rpartition(" ")[0]
