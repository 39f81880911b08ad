"""The one table from exceptions to statuses, and the size of their details."""

from __future__ import annotations

import math

import grpc
import pytest
from google.rpc import error_details_pb2

from llmrpc import v1 as pb
from llmrpc.errors import (
    EXCEPTIONS,
    BudgetExceededError,
    InvalidRequestError,
    ProviderNotAvailableError,
    RateLimitError,
    Violation,
)
from llmrpc_server.rpc.status import CODES, to_rpc_status, to_status
from tests.server.wire import detail

REASONS = [value for value in pb.ErrorReason.values() if value]
ATTEMPT = pb.Attempt(provider="openai", model="gpt-4o", message="m" * 200)


def test_every_reason_has_a_code_and_an_exception() -> None:
    assert set(CODES) == set(EXCEPTIONS) == set(REASONS)


@pytest.mark.parametrize("value", REASONS, ids=pb.ErrorReason.Name)
def test_every_reason_comes_back_as_its_exception(value: pb.ErrorReason.ValueType) -> None:
    from llmrpc.status import error_from_status

    sent = EXCEPTIONS[value]("why", reason=value, metadata={"provider": "openai"})
    received = error_from_status(to_rpc_status(sent))
    assert type(received) is type(sent)
    assert (received.reason, received.message) == (value, "why")
    assert received.metadata == {"provider": "openai"}


@pytest.mark.parametrize("value", REASONS, ids=pb.ErrorReason.Name)
def test_unavailable_always_says_whether_to_try_again(value: pb.ErrorReason.ValueType) -> None:
    sent = EXCEPTIONS[value]("why", reason=value, retry_after=1.5)
    status = to_status(sent, [("x-request-id", "r")])
    pushback = dict(status.trailing_metadata).get("grpc-retry-pushback-ms")
    own = value == pb.ERROR_REASON_GATEWAY_OVERLOADED
    expected = ("1500" if own else "-1") if status.code is grpc.StatusCode.UNAVAILABLE else None
    assert pushback == expected
    assert dict(status.trailing_metadata)["x-request-id"] == "r"


@pytest.mark.parametrize("letter", ["m", "é", "\U0001f642", "\x00"])
def test_details_stay_small(letter: str) -> None:
    text = letter * 5000
    error = InvalidRequestError(
        text,
        violations=[Violation(f"messages[{n}].{text}", text) for n in range(10_000)],
        metadata=dict.fromkeys(("provider", "model", "field", text), text),
        request_id="r" * 128,
        retry_after=1.0,
        usage=pb.Usage(input_tokens=10, output_tokens=20),
        cost=pb.Cost(total_nano_usd=10**12, price_source="config"),
        attempts=[pb.Attempt(provider=text, model=text, message=text)] * 50,
    )
    assert to_rpc_status(error).ByteSize() <= 2048
    status = to_status(error)
    sent = sum(len(key) + len(value) for key, value in status.trailing_metadata)
    message = sum(
        1 if " " <= c <= "~" and c != "%" else 3 * len(c.encode()) for c in status.details
    )
    assert sent * 4 / 3 + message < 6000


def test_the_newest_attempts_are_kept() -> None:
    attempts = [pb.Attempt(model=str(n), message="m" * 200) for n in range(50)]
    error = ProviderNotAvailableError("down", attempts=attempts)
    kept = [a.model for a in detail(to_rpc_status(error), pb.ErrorDetails).attempts]
    assert 3 <= len(kept) < 50
    assert kept == [str(n) for n in range(50)][-len(kept) :]


def test_the_first_twenty_violations_and_their_count() -> None:
    violations = [Violation(f"stop[{n}]", "is empty") for n in range(10_000)]
    status = to_rpc_status(InvalidRequestError("stop[0]: is empty", violations=violations))
    listed = detail(status, error_details_pb2.BadRequest).field_violations
    assert [v.field for v in listed] == [f"stop[{n}]" for n in range(20)]
    assert detail(status, error_details_pb2.ErrorInfo).metadata["violations"] == "10000"


def test_a_long_violation_is_cut_and_not_left_out() -> None:
    error = InvalidRequestError("bad", violations=[Violation("a" * 3000, "b" * 3000)])
    (listed,) = detail(to_rpc_status(error), error_details_pb2.BadRequest).field_violations
    assert listed.field.startswith("aaa")
    assert listed.description.startswith("bbb")


@pytest.mark.parametrize("wait", [0.0, 1.5, 1e300, math.inf, math.nan, -1.0])
def test_any_delay_can_be_sent(wait: float) -> None:
    status = to_rpc_status(RateLimitError("slow", retry_after=wait))
    delay = detail(status, error_details_pb2.RetryInfo).retry_delay
    assert 0 <= delay.ToNanoseconds() / 1e9 <= 366 * 86_400
    if wait == 1.5:
        assert delay.ToNanoseconds() == 1_500_000_000


def test_quota_failures_name_what_is_spent() -> None:
    budget = BudgetExceededError("spent", metadata={"budget": "team-a"})
    limit = RateLimitError("slow", reason=pb.ERROR_REASON_RATE_LIMITED, metadata={"limit": "rpm"})
    for error, subject in ((budget, "team-a"), (limit, "rpm")):
        (quota,) = detail(to_rpc_status(error), error_details_pb2.QuotaFailure).violations
        assert quota.subject == subject
