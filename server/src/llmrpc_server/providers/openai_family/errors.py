"""Which exception a provider's error is: one table, by status and code.

Both dialects of OpenAI have it, and all who speak them. The status decides first, then
the body's own code or type, and a short table of phrases where there is none. Sources:
https://developers.openai.com/api/docs/guides/error-codes, `ResponseError` of the `openai`
package 3.57.0, https://learn.microsoft.com/azure/foundry/openai/concepts/content-filter,
https://openrouter.ai/docs/api-reference/errors,
https://api-docs.deepseek.com/quick_start/error_codes,
https://console.groq.com/docs/errors, https://docs.z.ai/api-reference/api-code,
https://platform.moonshot.ai/docs/api/chat,
https://www.alibabacloud.com/help/en/model-studio/error-code
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from llmrpc import v1 as pb
from llmrpc.errors import LLMClientError
from llmrpc_server.providers.context_words import CONTEXT_PHRASES
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
    UNAFFORDABLE,
    AnsweredError,
    Kind,
    Phrases,
    Said,
    answered,
    failure,
    kind_of_status,
    kind_of_words,
    start,
)
from llmrpc_server.providers.openai_family.error_body import GENERATION, Body, read_body

_CONTEXT_CODES = {
    "context_length_exceeded": CONTEXT,  # OpenAI, Groq, OpenRouter
    "max_tokens_exceeded": CONTEXT,  # OpenRouter
    "token_limit_exceeded": CONTEXT,  # OpenRouter
    "payload_too_large": CONTEXT,  # OpenRouter
    "exceed_context_size_error": CONTEXT,  # llama.cpp
}
_MODEL_CODES = {
    "model_not_found": NO_MODEL,  # OpenAI, Groq
    "invalid_model": NO_MODEL,  # Mistral
    "model_decommissioned": NO_MODEL,  # Groq
    "model_not_available": NO_MODEL,  # Together
}
_QUOTA_CODES = {
    "insufficient_quota": QUOTA,  # OpenAI
    "billing_hard_limit_reached": QUOTA,  # OpenAI
    "payment_required": QUOTA,  # OpenRouter
    "exceeded_current_quota_error": QUOTA,  # Moonshot
    "insufficient_balance_error": QUOTA,  # MiniMax
    "1113": QUOTA,  # Z.ai
    "Arrearage": QUOTA,  # Alibaba
}
_CONTENT_CODES = {
    "content_filter": CONTENT,  # Azure
    "content_policy_violation": CONTENT,  # OpenAI, OpenRouter
    "refusal": CONTENT,  # OpenRouter
    "invalid_prompt": CONTENT,  # OpenAI, flagged by its usage policy
    "bio_policy": CONTENT,  # OpenAI
    "cyber_policy": CONTENT,  # OpenAI
    "image_content_policy_violation": CONTENT,  # OpenAI
    "misalignment_policy_violation": CONTENT,  # OpenAI
    "moderation_blocked": CONTENT,  # OpenAI, of pictures
    "ResponsibleAIPolicyViolation": CONTENT,  # Azure, inside of its code
    "data_inspection_failed": CONTENT,  # Alibaba
    "DataInspectionFailed": CONTENT,  # Alibaba
    "1301": CONTENT,  # Z.ai
}
_BUSY_CODES = {
    "engine_overloaded": OVERLOADED,  # OpenAI
    "engine_overloaded_error": OVERLOADED,  # Moonshot
    "overloaded_error": OVERLOADED,  # OpenRouter for Anthropic
    "provider_overloaded": OVERLOADED,  # OpenRouter
    "server_is_overloaded": OVERLOADED,  # OpenAI
    "slow_down": OVERLOADED,  # OpenAI
}

_CODES_OF_STATUS: Mapping[int, Mapping[str, Kind]] = {
    400: _CONTEXT_CODES
    | _MODEL_CODES
    | _CONTENT_CODES
    | {"Arrearage": QUOTA},  # the latter: Alibaba
    403: _CONTEXT_CODES | _QUOTA_CODES | _CONTENT_CODES,
    404: {**_MODEL_CODES, "DeploymentNotFound": NO_MODEL},  # the latter: Azure
    422: _CONTEXT_CODES | _MODEL_CODES,
    429: _QUOTA_CODES | _BUSY_CODES,
    500: _BUSY_CODES,
    502: _BUSY_CODES,
    503: _BUSY_CODES,
}
"""What a code makes of a status, where it makes more of it."""

_PHRASES: Phrases = (
    *CONTEXT_PHRASES,
    # DeepSeek: https://github.com/666ghj/BettaFish/issues/108
    (re.compile(r"^Content Exists Risk\b"), CONTENT),
)
"""What is said in words alone."""
_AFFORDABLE = re.compile(r"\bcan only afford \d")
"""OpenRouter of one request whose max_tokens the credit does not pay for. Source:
https://github.com/can1357/oh-my-pi/issues/9569"""
_MALFORMED = "tool_use_failed"
"""Groq's code of a call that cannot be read."""
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
    "rate_limit_exceeded": RATE,
    "rate_limit_error": RATE,
    "authentication": KEY,
    "authentication_error": KEY,
    "invalid_api_key": KEY,
    "permission_denied": FORBIDDEN,
    "not_found_error": NO_MODEL,
    "invalid_request": REJECTED,
    "invalid_request_error": REJECTED,
    "BadRequestError": REJECTED,
    **dict.fromkeys(
        (
            "data_residency_mismatch",
            "empty_image_file",
            "failed_to_download_image",
            "image_file_not_found",
            "image_file_too_large",
            "image_parse_error",
            "image_too_large",
            "image_too_small",
            "invalid_base64_image",
            "invalid_image",
            "invalid_image_format",
            "invalid_image_mode",
            "invalid_image_url",
            "unsupported_image_media_type",
        ),
        REJECTED,  # OpenAI, of a response that failed
    ),
}
"""Where an error comes with status 200, a numeric code or one of these decides."""


def from_status(
    provider: str, status: int, headers: Mapping[str, str], body: bytes
) -> LLMClientError:
    """The exception for an answer with an error status."""
    said = read_body(body)
    kind = _kind(status, said)
    return _ended(answered(provider, kind, said.said(), status, headers), kind, status, said)


def from_stream(provider: str, body: Body) -> LLMClientError:
    """The exception for an error that came with status 200."""
    if body.status is not None:
        kind = _kind(body.status, body)
        return _ended(failure(provider, kind, body.said()), kind, body.status, body)
    known = (_CODES_IN_STREAM[code] for code in body.codes if code in _CODES_IN_STREAM)
    found = CONTENT if body.moderated else next(known, None)
    if found in (None, REJECTED):
        found = kind_of_words(body.message, _PHRASES) or found
    kind = found or DOWN
    return _ended(failure(provider, kind, body.said()), kind, 400, body)


def _ended(error: LLMClientError, kind: Kind, status: int, said: Body) -> LLMClientError:
    """The error, or the end of the answer that it stands for.

    A prompt that a filter refuses comes as a 400, and its tokens are estimated, since Azure
    charges for it (https://azure.microsoft.com/pricing/details/azure-openai/). So does what
    Groq's model wrote and Groq cannot read: a call, or JSON that is not as was asked for
    (https://console.groq.com/docs/tool-use/local-tool-calling,
    https://console.groq.com/docs/structured-outputs#error-handling).
    """
    if status != 400:
        return error
    code = next((code for code in said.codes if code in _CONTENT_CODES), "")
    if code or (kind is CONTENT and not said.moderated):
        words = start(said.message)
        return AnsweredError(error, pb.FINISH_REASON_CONTENT_FILTER, code, refusal=words)
    called = _MALFORMED in said.codes
    if not (called or said.generation):
        return error
    block = pb.ProviderBlock(
        provider=error.metadata["provider"], type=GENERATION, data=said.generation
    )
    reason = pb.FINISH_REASON_MALFORMED_TOOL_CALL if called else pb.FINISH_REASON_OTHER
    word = _MALFORMED if called else next(iter(said.codes), "")
    return AnsweredError(error, reason, word, block=block if said.generation else None)


def failed(provider: str, finish_reason: str, *, overloaded: bool) -> LLMClientError:
    """The exception for a finish reason that says that the answer broke off."""
    return failure(provider, OVERLOADED if overloaded else DOWN, Said((finish_reason,)))


def _kind(status: int, said: Body) -> Kind:
    more = _CODES_OF_STATUS.get(status, {})
    for code in said.codes:
        if code in more:
            return more[code]
    if status == 402 and _AFFORDABLE.search(said.message):
        return UNAFFORDABLE
    if status in (400, 413, 422) and (kind := kind_of_words(said.message, _PHRASES)):
        return kind
    if status == 403 and (said.moderated or _is_of_the_request(said.code)):
        return CONTENT
    return kind_of_status(status)


def _is_of_the_request(code: str) -> bool:
    return bool(code) and not (code.isdigit() or _OF_THE_KEY.search(code.lower()))
