"""Which exception an error of Anthropic's is."""

from __future__ import annotations

import json

import pytest

from llmrpc.errors import LLMClientError
from tests.providers.golden import Folded
from tests.providers.messages_api import DIALECT


def body(type: str | None = None, code: str | None = None, message: str = "Words.") -> bytes:
    error: dict[str, object] = {"type": type, "message": message}
    if code is not None:
        error["details"] = {"error_code": code}
    return json.dumps({"type": "error", "error": error, "request_id": "req_b"}).encode()


REJECTED = ("InvalidRequestError", "PROVIDER_REJECTED_REQUEST", False)
CONTEXT = ("ContextWindowExceededError", "CONTEXT_WINDOW_EXCEEDED", False)
KEY = ("AuthenticationError", "PROVIDER_AUTHENTICATION", False)
NO_MODEL = ("ModelNotFoundError", "MODEL_NOT_FOUND", False)
QUOTA = ("RateLimitError", "PROVIDER_QUOTA_EXHAUSTED", False)
RATE = ("RateLimitError", "PROVIDER_RATE_LIMITED", True)
DOWN = ("ProviderNotAvailableError", "PROVIDER_UNAVAILABLE", True)
OVERLOADED = ("ProviderNotAvailableError", "PROVIDER_OVERLOADED", True)


def told(error: LLMClientError) -> tuple[str, str, bool]:
    return type(error).__name__, error.reason_name, error.retryable


@pytest.mark.parametrize(
    ("status", "sent", "wanted"),
    [
        (400, body("invalid_request_error"), REJECTED),
        (400, body("invalid_request_error", "image_dimensions_too_large"), REJECTED),
        (400, body("invalid_request_error", message="prompt is too long: 210000 tokens"), CONTEXT),
        (400, body("invalid_request_error", "organization_on_hold"), KEY),
        (400, body("billing_error"), QUOTA),
        (400, body("request_too_large"), CONTEXT),
        (401, body("authentication_error"), KEY),
        (402, body("billing_error"), QUOTA),
        (402, body("billing_error", "linked_organization_spend_limit_reached"), QUOTA),
        (403, body("permission_error"), KEY),
        (403, body("billing_error"), QUOTA),
        (403, body("invalid_request_error"), REJECTED),
        (404, body("not_found_error"), NO_MODEL),
        (404, b"<html>", NO_MODEL),
        (408, b"", DOWN),
        (409, body("conflict_error"), DOWN),
        (413, body("request_too_large"), CONTEXT),
        (413, body("invalid_request_error", "request_body_too_large_after_decoding"), CONTEXT),
        (422, body("invalid_request_error"), REJECTED),
        (429, body("rate_limit_error"), RATE),
        (429, body("rate_limit_error", "ramp_limit_exceeded"), RATE),
        (429, body("rate_limit_error", "enforced_spend_limit_reached"), QUOTA),
        (429, body("rate_limit_error", "contract_spend_limit_reached"), QUOTA),
        (429, body("rate_limit_error", message="enforced_spend_limit_reached"), RATE),
        (429, body("overloaded_error"), OVERLOADED),
        (500, body("api_error"), DOWN),
        (500, body("overloaded_error"), OVERLOADED),
        (500, b'{"error": "oops"}', DOWN),
        (503, b"", DOWN),
        (504, body("timeout_error"), DOWN),
        (529, body("overloaded_error"), OVERLOADED),
        (529, b"", OVERLOADED),
    ],
)
def test_status_first_then_the_code_then_a_few_phrases(
    status: int, sent: bytes, wanted: tuple[str, str, bool]
) -> None:
    error = DIALECT.error(status, {}, sent)
    assert told(error) == wanted
    assert error.http_status == status
    assert error.metadata["provider"] == "anthropic"


@pytest.mark.parametrize(
    ("type", "code", "wanted"),
    [
        ("invalid_request_error", None, REJECTED),
        ("authentication_error", None, KEY),
        ("billing_error", None, QUOTA),
        ("permission_error", None, KEY),
        ("not_found_error", None, NO_MODEL),
        ("request_too_large", None, CONTEXT),
        ("rate_limit_error", None, RATE),
        ("rate_limit_error", "enforced_spend_limit_reached", QUOTA),
        ("timeout_error", None, DOWN),
        ("api_error", None, DOWN),
        ("overloaded_error", None, OVERLOADED),
        ("brand_new_error", None, DOWN),
    ],
)
@pytest.mark.parametrize("line", [b"event: error\ndata: ", b"data: "])
def test_an_error_inside_a_stream_is_known_by_its_type(
    line: bytes, type: str, code: str | None, wanted: tuple[str, str, bool]
) -> None:
    folded = Folded(DIALECT.decoder(1 << 20))
    with pytest.raises(LLMClientError) as caught:
        folded.run(line + body(type, code) + b"\n\n")
    assert told(caught.value) == wanted
    assert caught.value.metadata["provider_code"] == (code or type)


@pytest.mark.parametrize("details", ["gone", [], 3, {"error_code": 7}, None])
def test_strange_details_hide_no_type(details: object) -> None:
    sent = {"type": "error", "error": {"type": "overloaded_error", "details": details}}
    folded = Folded(DIALECT.decoder(1 << 20))
    with pytest.raises(LLMClientError) as caught:
        folded.run(b"event: error\ndata: " + json.dumps(sent).encode() + b"\n\n")
    assert told(caught.value) == OVERLOADED


def test_an_error_event_is_one_whatever_it_holds() -> None:
    folded = Folded(DIALECT.decoder(1 << 20))
    with pytest.raises(LLMClientError) as caught:
        folded.run(b'event: error\ndata: {"detail": "gone"}\n\n')
    assert told(caught.value) == DOWN


def test_the_headers_tell_the_wait_and_the_request() -> None:
    headers = {"Retry-After": "7", "Request-Id": "req_1", "X-Should-Retry": "false"}
    error = DIALECT.error(429, headers, body("rate_limit_error"))
    assert (error.retry_after, error.provider_request_id, error.retryable) == (7.0, "req_1", False)
    assert error.metadata["provider_code"] == "rate_limit_error"


def test_a_refused_request_is_told_in_the_providers_words() -> None:
    error = DIALECT.error(400, {}, body("invalid_request_error", message="tools.0: no name"))
    assert error.message == "anthropic refuses the request: tools.0: no name"
