"""What a person can do about an error, in the words of where they are."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping

from llmrpc import v1 as pb
from llmrpc.errors import (
    AuthenticationError,
    BudgetExceededError,
    ContextWindowExceededError,
    GenerationTimeoutError,
    InvalidRequestError,
    LLMClientError,
    MethodNotImplementedError,
    ModelNotFoundError,
    PermissionDeniedError,
    ProviderNotAvailableError,
    RateLimitError,
    StreamInterruptedError,
)

_NEXT: Mapping[type[BaseException], str] = {
    ContextWindowExceededError: "{shorten}",
    InvalidRequestError: "change the request as the message says",
    ModelNotFoundError: "name another model with {model}",
    RateLimitError: "wait a little, then ask again",
    BudgetExceededError: "ask whoever runs the gateway for a larger budget",
    AuthenticationError: "give the gateway's key with --token or in LLMRPC_TOKEN",
    PermissionDeniedError: "ask whoever runs the gateway for access, or take another model",
    ProviderNotAvailableError: "ask again later, or take another provider's model with {model}",
    StreamInterruptedError: "ask again; a broken answer is never repeated by itself",
    GenerationTimeoutError: "allow more time with --timeout, or ask for less",
    MethodNotImplementedError: "update the gateway, or see whether the address is one",
    LLMClientError: "look into the gateway's log, by the request id",
}
_NEXT_BY_CAUSE: Mapping[str, str] = {
    "nobody": "see whether it runs, or name another with --address",
    "tls": "see whether --tls, --ca, --cert and --key are as the gateway wants them",
    "protocol": "name the gateway's gRPC port with --address",
}
_NEXT_BY_REASON: Mapping[int, str] = {
    pb.ERROR_REASON_PROVIDER_AUTHENTICATION: "whoever runs the gateway must renew its provider key",
    pb.ERROR_REASON_PROVIDER_QUOTA_EXHAUSTED: "whoever runs the gateway must pay the provider",
}
_IN_SHELL = {"model": "--model", "shorten": "shorten the prompt"}
_IN_CHAT = {"model": "/model", "shorten": "forget the conversation with /reset"}
_OFF = re.compile(r" is off: (set \w+)$")
"""How the gateway ends its refusal of a provider without a key."""


def advice(error: LLMClientError, *, chat: bool) -> str:
    """The next step; `chat` says that commands such as /model are at hand."""
    return _step(error).format_map(_IN_CHAT if chat else _IN_SHELL)


def _step(error: LLMClientError) -> str:
    cause = error.metadata.get("cause", "")
    if cause in _NEXT_BY_CAUSE:
        return _NEXT_BY_CAUSE[cause]
    if error.retry_after is not None and error.retry_after >= 1:
        return f"ask again in {math.ceil(error.retry_after)} s"
    if off := _OFF.search(error.message):
        return f"{off[1]} where the gateway runs, or name another model with {{model}}"
    if error.reason in _NEXT_BY_REASON:
        return _NEXT_BY_REASON[error.reason]
    return next(_NEXT[kind] for kind in type(error).__mro__ if kind in _NEXT)
