"""Which exception a provider's error is: one table, by status, code and type.

The status decides first, then `error.details.error_code`, then `error.type`, and a
short table of phrases where there is no code. Sources:
https://platform.claude.com/docs/en/api/errors,
https://platform.claude.com/docs/en/api/rate-limits
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

import msgspec

from llmrpc.errors import LLMClientError
from llmrpc_server.providers.context_words import CONTEXT_PHRASES
from llmrpc_server.providers.error_words import filtered, said_too
from llmrpc_server.providers.failures import (
    CONTENT,
    CONTEXT,
    DOWN,
    FORBIDDEN,
    KEY,
    NO_MODEL,
    OVERLOADED,
    QUOTA,
    RATE,
    REJECTED,
    UNDECODABLE,
    Kind,
    Phrases,
    Said,
    answered,
    failure,
    kind_of_status,
    kind_of_words,
    status_of,
)

_MONEY = {
    "billing_error": QUOTA,
    "enforced_spend_limit_reached": QUOTA,
    "contract_spend_limit_reached": QUOTA,
    "linked_organization_spend_limit_reached": QUOTA,
    "linked_organization_billing_unavailable": QUOTA,
}
_KEYS = {"authentication_error": KEY, "organization_on_hold": KEY}
_BUSY = {"overloaded_error": OVERLOADED}

_CODES_OF_STATUS: Mapping[int, Mapping[str, Kind]] = {
    400: _MONEY | _KEYS | {"request_too_large": CONTEXT},
    403: _MONEY | _KEYS | {"invalid_request_error": REJECTED},
    404: {"invalid_request_error": REJECTED},
    429: _MONEY | _BUSY,
    500: _BUSY,
    503: _BUSY,
}
"""What a code or a type makes of a status, where it makes more of it."""

_CODES_IN_STREAM: Mapping[str, Kind] = {
    **_MONEY,
    **_KEYS,
    **_BUSY,
    "invalid_request_error": REJECTED,
    "permission_error": FORBIDDEN,
    "not_found_error": NO_MODEL,
    "request_too_large": CONTEXT,
    "rate_limit_error": RATE,
}
"""Where an error comes with status 200 one of these decides; `api_error`,
`timeout_error` and what is not known are failures of the provider."""


_PHRASES: Phrases = (
    # https://github.com/anthropics/claude-code/issues/12186
    (re.compile(r"^prompt is too long\b"), CONTEXT),
    *CONTEXT_PHRASES,
    # https://github.com/router-for-me/CLIProxyAPI/issues/3859
    (re.compile(r"^Your credit balance is too low\b"), QUOTA),
    # https://github.com/laravel/ai/pull/864
    (re.compile(r"^You have reached your specified API usage limits\b"), QUOTA),
    # https://github.com/anthropics/claude-code/issues/58367
    (re.compile(r"^Output blocked by content filtering policy\b"), CONTENT),
)
"""What is said in words alone, with the type `invalid_request_error`."""


class _Error(msgspec.Struct):
    type: str | None = None
    message: str | None = None
    details: Any = None
    """An object with an `error_code`; whatever else stands here hides no type."""


class _Body(msgspec.Struct):
    error: _Error | None = None


_decode = msgspec.json.Decoder(_Body).decode


def from_status(
    provider: str, status: int, headers: Mapping[str, str], body: bytes
) -> LLMClientError:
    """The exception for an answer with an error status."""
    said = _read(body)
    more = _CODES_OF_STATUS.get(status, {})
    kind = next((more[code] for code in said.codes if code in more), None)
    if kind is None and status in (400, 413):
        kind = kind_of_words(said.message, _PHRASES)
    kind = kind or kind_of_status(status)
    return filtered(answered(provider, kind, said, status, headers), kind, status, said)


def from_stream(provider: str, body: bytes) -> LLMClientError:
    """The exception for an error that came with status 200."""
    said = _read(body)
    known = (_CODES_IN_STREAM[code] for code in said.codes if code in _CODES_IN_STREAM)
    status = next(filter(None, map(status_of, said.codes)), None)
    kind = next(known, None) or (DOWN if status is None else kind_of_status(status))
    if kind is REJECTED:
        kind = kind_of_words(said.message, _PHRASES) or kind
    return filtered(failure(provider, kind, said), kind, 400, said)


def _read(body: bytes) -> Said:
    """What the body says of itself."""
    try:
        error = _decode(body).error
    except UNDECODABLE:
        error = None
    if error is None:
        return said_too(Said(), body)
    code = error.details.get("error_code") if isinstance(error.details, dict) else None
    codes = (code if isinstance(code, str) else None, error.type)
    return said_too(Said(tuple(filter(None, codes)), error.message or ""), body)
