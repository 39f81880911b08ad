"""Which exception Google's error is, by status and reason, and how long to wait."""

from __future__ import annotations

import json
from typing import Any

import pytest

from llmrpc.errors import LLMClientError
from llmrpc_server.providers.google import GoogleDialect
from llmrpc_server.providers.registry import ROWS
from tests.providers.golden import MAX_EVENT, Folded

GOOGLE = GoogleDialect(ROWS["google"])
TYPE = "type.googleapis.com/google.rpc."


def error(status: str = "", *details: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {"error": {"message": "Words.", "status": status, "details": [*details], **more}}


def reason(word: str) -> dict[str, Any]:
    return {"@type": f"{TYPE}ErrorInfo", "reason": word, "domain": "googleapis.com"}


def wait(delay: str) -> dict[str, Any]:
    return {"@type": f"{TYPE}RetryInfo", "retryDelay": delay}


def quota(*ids: str, **more: Any) -> dict[str, Any]:
    violations = [{"quotaMetric": "m", "quotaId": each, **more} for each in ids]
    return {"@type": f"{TYPE}QuotaFailure", "violations": violations}


MINUTE = "GenerateRequestsPerMinutePerProjectPerModel"
DAY = "GenerateRequestsPerDayPerProjectPerModel-FreeTier"


@pytest.mark.parametrize(
    ("status", "sent", "exception", "reason_name", "retryable"),
    [
        (400, error("INVALID_ARGUMENT"), "InvalidRequestError", "PROVIDER_REJECTED_REQUEST", False),
        (400, error("INVALID_ARGUMENT", reason("API_KEY_INVALID")),
         "AuthenticationError", "PROVIDER_AUTHENTICATION", False),
        (400, error("FAILED_PRECONDITION"),
         "InvalidRequestError", "PROVIDER_REJECTED_REQUEST", False),
        (400, error("INVALID_ARGUMENT", message="The input token count (9) exceeds the maximum"),
         "InvalidRequestError", "PROVIDER_REJECTED_REQUEST", False),
        (401, error("UNAUTHENTICATED"), "AuthenticationError", "PROVIDER_AUTHENTICATION", False),
        (402, error("RESOURCE_EXHAUSTED"), "RateLimitError", "PROVIDER_QUOTA_EXHAUSTED", False),
        (403, error("PERMISSION_DENIED"), "AuthenticationError", "PROVIDER_AUTHENTICATION", False),
        (403, error("PERMISSION_DENIED", reason("API_KEY_SERVICE_BLOCKED")),
         "AuthenticationError", "PROVIDER_AUTHENTICATION", False),
        (403, error("PERMISSION_DENIED", reason("BILLING_DISABLED")),
         "RateLimitError", "PROVIDER_QUOTA_EXHAUSTED", False),
        (404, error("NOT_FOUND"), "ModelNotFoundError", "MODEL_NOT_FOUND", False),
        (413, {}, "ContextWindowExceededError", "CONTEXT_WINDOW_EXCEEDED", False),
        (429, error("RESOURCE_EXHAUSTED"), "RateLimitError", "PROVIDER_RATE_LIMITED", True),
        (429, error("RESOURCE_EXHAUSTED", quota(MINUTE)),
         "RateLimitError", "PROVIDER_RATE_LIMITED", True),
        (429, error("RESOURCE_EXHAUSTED", quota(MINUTE, DAY)),
         "RateLimitError", "PROVIDER_QUOTA_EXHAUSTED", False),
        (429, error("RESOURCE_EXHAUSTED", quota(MINUTE, quotaValue="0")),
         "RateLimitError", "PROVIDER_QUOTA_EXHAUSTED", False),
        (499, error("CANCELLED"), "ProviderNotAvailableError", "PROVIDER_UNAVAILABLE", True),
        (500, error("INTERNAL"), "ProviderNotAvailableError", "PROVIDER_UNAVAILABLE", True),
        (503, error("UNAVAILABLE"), "ProviderNotAvailableError", "PROVIDER_OVERLOADED", True),
        (504, error("DEADLINE_EXCEEDED"),
         "ProviderNotAvailableError", "PROVIDER_UNAVAILABLE", True),
    ],
)  # fmt: skip
def test_status_first_then_the_reason_never_the_words(
    status: int, sent: dict[str, Any], exception: str, reason_name: str, retryable: bool
) -> None:
    body = json.dumps(sent).encode()
    for shape in (body, b"[" + body + b"]"):
        raised = GOOGLE.error(status, {}, shape)
        assert (type(raised).__name__, raised.reason_name, raised.retryable) == (
            exception, reason_name, retryable,
        )  # fmt: skip
        assert raised.http_status == status
        assert raised.metadata["provider"] == "google"


@pytest.mark.parametrize(
    ("code", "status", "reason_name"),
    [
        (None, "INVALID_ARGUMENT", "PROVIDER_REJECTED_REQUEST"),
        (None, "RESOURCE_EXHAUSTED", "PROVIDER_RATE_LIMITED"),
        (None, "UNAVAILABLE", "PROVIDER_OVERLOADED"),
        (None, "UNAUTHENTICATED", "PROVIDER_AUTHENTICATION"),
        (None, "", "PROVIDER_UNAVAILABLE"),
        (None, "NEW_WORD", "PROVIDER_UNAVAILABLE"),
        (429, "", "PROVIDER_RATE_LIMITED"),
        (503, "RESOURCE_EXHAUSTED", "PROVIDER_OVERLOADED"),
        (200, "", "PROVIDER_UNAVAILABLE"),
    ],
)
def test_an_error_inside_a_stream_counts_as_with_its_own_code(
    code: int | None, status: str, reason_name: str
) -> None:
    sent = json.dumps(error(status, code=code)).encode()
    for data in (b"data: " + sent + b"\r\n\r\n", sent, b"[" + sent + b"\n]"):
        folded = Folded(GOOGLE.decoder(MAX_EVENT))
        with pytest.raises(LLMClientError) as caught:
            folded.run(data)
        assert caught.value.reason_name == reason_name
    with pytest.raises(LLMClientError) as caught:
        GOOGLE.decode(sent)
    assert caught.value.reason_name == reason_name


@pytest.mark.parametrize(
    ("headers", "details", "seconds"),
    [
        ({}, [wait("20.5s")], 20.5),
        ({"Retry-After": "3"}, [wait("20s")], 3.0),
        ({}, [quota(MINUTE), wait("7s")], 7.0),
        ({}, [quota(DAY), wait("7s")], None),
        ({}, [wait("soon")], None),
        ({}, [wait("-1s")], None),
        ({}, [wait("infs")], None),
        ({}, [{"retryDelay": 7}], None),
        ({}, [], None),
    ],
)
def test_the_wait_is_the_headers_else_what_the_details_say(
    headers: dict[str, str], details: list[dict[str, Any]], seconds: float | None
) -> None:
    sent = json.dumps(error("RESOURCE_EXHAUSTED", *details)).encode()
    assert GOOGLE.error(429, headers, sent).retry_after == seconds


def test_the_most_telling_word_is_repeated() -> None:
    sent = error("INVALID_ARGUMENT", reason("API_KEY_INVALID"))
    raised = GOOGLE.error(400, {}, json.dumps(sent).encode())
    assert raised.metadata["provider_code"] == "API_KEY_INVALID"
    raised = GOOGLE.error(404, {}, json.dumps(error("NOT_FOUND")).encode())
    assert raised.metadata["provider_code"] == "NOT_FOUND"
    assert "Words." in raised.message


@pytest.mark.parametrize(
    "body",
    [
        b"", b"<html>", b"[]", b"[1]", b"null", b'"x"', b'{"error": 7}', b'{"error": "gone"}',
        b'{"error": {"code": "x", "status": 3, "message": {}, "details": {"a": 1}}}',
        b'{"error": {"details": [1, {"violations": 3}, {"violations": [4]}, {"reason": 5}]}}',
        b"[" * 100_000, b"\xff\xfe",
    ],
)  # fmt: skip
def test_a_body_of_any_shape_is_some_error(body: bytes) -> None:
    assert GOOGLE.error(503, {}, body).reason_name == "PROVIDER_OVERLOADED"
    assert GOOGLE.error(400, {}, body).reason_name == "PROVIDER_REJECTED_REQUEST"
    with pytest.raises(LLMClientError):
        GOOGLE.decode(body)
    with pytest.raises(LLMClientError):
        Folded(GOOGLE.decoder(MAX_EVENT)).run(b"data: " + body + b"\n\n")
