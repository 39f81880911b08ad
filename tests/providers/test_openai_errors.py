"""Which exception an error status is."""

from __future__ import annotations

import json
from typing import Any

import pytest

from llmrpc_server.providers.openai import OpenAIDialect
from llmrpc_server.providers.registry import ROWS

OPENAI = OpenAIDialect(ROWS["openai"])


def body(code: Any = None, type: Any = None, message: str = "Words.", **more: Any) -> bytes:
    return json.dumps({"error": {"code": code, "type": type, "message": message, **more}}).encode()


@pytest.mark.parametrize(
    ("status", "sent", "exception", "reason", "retryable"),
    [
        (400, body("invalid_image"), "InvalidRequestError", "PROVIDER_REJECTED_REQUEST", False),
        (400, body("context_length_exceeded", "invalid_request_error"),
         "ContextWindowExceededError", "CONTEXT_WINDOW_EXCEEDED", False),
        (400, body(400, "exceed_context_size_error"),
         "ContextWindowExceededError", "CONTEXT_WINDOW_EXCEEDED", False),
        (400, body(400, metadata={"error_type": "context_length_exceeded"}),
         "ContextWindowExceededError", "CONTEXT_WINDOW_EXCEEDED", False),
        (400, b'{"object":"error","message":"No.","type":"invalid_model","code":"1500"}',
         "ModelNotFoundError", "MODEL_NOT_FOUND", False),
        (400, body("model_decommissioned"), "ModelNotFoundError", "MODEL_NOT_FOUND", False),
        (400, body(message="maximum context length is 4096 tokens"),
         "InvalidRequestError", "PROVIDER_REJECTED_REQUEST", False),
        (401, body("invalid_api_key"), "AuthenticationError", "PROVIDER_AUTHENTICATION", False),
        (402, body("invalid_request_error"),
         "RateLimitError", "PROVIDER_QUOTA_EXHAUSTED", False),
        (403, body("unsupported_country_region_territory", "request_forbidden"),
         "AuthenticationError", "PROVIDER_AUTHENTICATION", False),
        (404, body("model_not_found"), "ModelNotFoundError", "MODEL_NOT_FOUND", False),
        (405, b"", "InvalidRequestError", "PROVIDER_REJECTED_REQUEST", False),
        (408, b"", "ProviderNotAvailableError", "PROVIDER_UNAVAILABLE", True),
        (409, b"", "ProviderNotAvailableError", "PROVIDER_UNAVAILABLE", True),
        (413, b"", "ContextWindowExceededError", "CONTEXT_WINDOW_EXCEEDED", False),
        (422, b'{"detail":[{"msg":"Extra inputs are not permitted"}]}',
         "InvalidRequestError", "PROVIDER_REJECTED_REQUEST", False),
        (429, body("rate_limit_exceeded", "tokens"),
         "RateLimitError", "PROVIDER_RATE_LIMITED", True),
        (429, body("insufficient_quota", "insufficient_quota"),
         "RateLimitError", "PROVIDER_QUOTA_EXHAUSTED", False),
        (429, body(None, "insufficient_quota"),
         "RateLimitError", "PROVIDER_QUOTA_EXHAUSTED", False),
        (500, b"<html>oops</html>", "ProviderNotAvailableError", "PROVIDER_UNAVAILABLE", True),
        (502, b"", "ProviderNotAvailableError", "PROVIDER_UNAVAILABLE", True),
        (503, body("engine_overloaded"),
         "ProviderNotAvailableError", "PROVIDER_OVERLOADED", True),
        (504, b"", "ProviderNotAvailableError", "PROVIDER_UNAVAILABLE", True),
        (520, b"", "ProviderNotAvailableError", "PROVIDER_UNAVAILABLE", True),
        (529, b"", "ProviderNotAvailableError", "PROVIDER_OVERLOADED", True),
        (302, b"", "ProviderNotAvailableError", "PROVIDER_RESPONSE_INVALID", True),
    ],
)  # fmt: skip
def test_status_first_then_the_code_then_a_few_phrases(
    status: int, sent: bytes, exception: str, reason: str, retryable: bool
) -> None:
    error = OPENAI.error(status, {}, sent)
    assert (type(error).__name__, error.reason_name, error.retryable) == (
        exception, reason, retryable,
    )  # fmt: skip
    assert error.http_status == status
    assert error.metadata["provider"] == "openai"
    assert error.metadata["http_status"] == str(status)


def test_headers_are_read_without_regard_to_case() -> None:
    headers = {"Retry-After": "7", "X-Request-ID": "req_1", "X-Should-Retry": "false"}
    error = OPENAI.error(429, headers, body("rate_limit_exceeded"))
    assert (error.retry_after, error.provider_request_id, error.retryable) == (7.0, "req_1", False)
    assert error.metadata["provider_code"] == "rate_limit_exceeded"
    assert OPENAI.error(409, {"x-should-retry": "true"}, b"").retryable


def test_an_empty_account_is_not_retried_whatever_the_headers_say() -> None:
    error = OPENAI.error(429, {"x-should-retry": "true"}, body("insufficient_quota"))
    assert not error.retryable


@pytest.mark.parametrize("status", [401, 403])
def test_a_refused_key_is_never_repeated(status: int) -> None:
    sent = body("invalid_api_key", message="Incorrect API key provided: sk-canary-123")
    error = OPENAI.error(status, {}, sent)
    assert "canary" not in f"{error}{error.metadata}"


XAI_CODE = "The caller does not have permission to execute the specified operation"


@pytest.mark.parametrize(
    "sent",
    [
        body(403, metadata={"reasons": ["violence"], "flagged_input": "…", "model_slug": "m"}),
        body(403, metadata={"flagged_input": "…"}),
        body(403, metadata={"error_type": "permission_denied", "patterns": ["prompt_injection"]}),
        body(403, metadata={"error_type": "content_policy_violation"}),
        body(403, metadata={"error_type": "refusal"}),
        body("content_filter", "permission_error"),
        body("blocked_keyword"),
        json.dumps({"code": XAI_CODE, "error": "No. Failed check: SAFETY_CHECK_TYPE_BIO"}).encode(),
        b'{"error": "No. Failed check: SAFETY_CHECK_TYPE_CYBER"}',
    ],
)
def test_a_403_about_the_content_is_the_requests_fault_and_not_the_keys(sent: bytes) -> None:
    error = OPENAI.error(403, {}, sent)
    assert (type(error).__name__, error.reason_name) == (
        "InvalidRequestError", "PROVIDER_REJECTED_REQUEST",
    )  # fmt: skip
    assert error.message.startswith("openai does not allow what the request holds: ")


@pytest.mark.parametrize(
    "sent",
    [
        b"",
        b"<html>Forbidden</html>",
        body(),
        body(403),
        body("403"),
        body(None, "some_type"),
        body("model_not_found", "invalid_request_error"),
        body("model_permission_blocked_org", "permissions_error"),
        body("IncorrectAPIKey"),
        body(403, metadata={"error_type": "permission_denied", "reasons": [], "raw": "x"}),
        json.dumps({"code": XAI_CODE, "error": "No access."}).encode(),
    ],
)
def test_any_other_403_is_about_the_key(sent: bytes) -> None:
    assert OPENAI.error(403, {}, sent).reason_name == "PROVIDER_AUTHENTICATION"


def test_a_403_about_the_length_keeps_its_meaning() -> None:
    error = OPENAI.error(403, {}, body("context_length_exceeded"))
    assert error.reason_name == "CONTEXT_WINDOW_EXCEEDED"


def test_the_check_that_refused_the_content_is_named() -> None:
    error = OPENAI.error(403, {}, b'{"error": "Failed check: SAFETY_CHECK_TYPE_BIO"}')
    assert error.metadata["provider_code"] == "SAFETY_CHECK_TYPE_BIO"


KEY = "sk-canary-0123456789-0123456789"


@pytest.mark.parametrize("ahead", [*range(450, 510, 5), *range(4060, 4110, 5)])
def test_a_long_message_is_cut_beside_a_key_and_never_inside(ahead: int) -> None:
    words = ("word " * 1000)[: ahead - 1] + " " + KEY + " and more" * 10
    error = OPENAI.error(400, {}, body("bad", message=words))
    assert error.message.startswith("openai refuses the request: word word")
    assert len(error.message) < 4200
    assert "canary" not in error.message.replace(KEY, "")


def test_a_code_is_given_whole_or_not_at_all() -> None:
    assert "provider_code" not in OPENAI.error(400, {}, body("c" * 80 + KEY)).metadata
    assert OPENAI.error(400, {}, body("c" * 100)).metadata["provider_code"] == "c" * 100


@pytest.mark.parametrize(
    "sent", [b"", b"null", b"[]", b'"text"', b"\xff\xfe", b'{"error":null}', b'{"error":[1]}',
             b'{"error":"plain"}', b'{"error":{"code":{},"message":7}}',
             b'{"error":{"metadata":[]}}', b'{"error":' * 2000, b'{"error":{"message":'
             + b"[" * 990 + b"]" * 990 + b"}}"],
)  # fmt: skip
def test_any_body_will_do(sent: bytes) -> None:
    assert OPENAI.error(400, {}, sent).reason_name == "PROVIDER_REJECTED_REQUEST"
