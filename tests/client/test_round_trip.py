"""An exception of the server arrives at the client as the same exception."""

from __future__ import annotations

import pytest
from google.rpc import status_pb2

from llmrpc import LLMClientError, Violation
from llmrpc import v1 as pb
from llmrpc.errors import EXCEPTIONS
from llmrpc.status import error_from_status
from llmrpc_server.rpc.status import CODES, to_rpc_status


@pytest.mark.parametrize("reason", EXCEPTIONS)
def test_round_trip(reason: pb.ErrorReason.ValueType) -> None:
    attempt = pb.Attempt(provider="openai", model="m", outcome=pb.Attempt.OUTCOME_FAILED)
    attempt.http_status, attempt.provider_request_id = 503, "up-1"
    sent = EXCEPTIONS[reason](
        "what happened",
        reason=reason,
        metadata={"provider": "openai"},
        retry_after=1.25,
        http_status=503,
        provider_request_id="up-1",
        request_id="r-1",
        usage=pb.Usage(output_tokens=3, estimated=True),
        cost=pb.Cost(total_nano_usd=7),
        attempts=[attempt],
    )
    got = error_from_status(_wire(sent))
    assert type(got) is type(sent)
    assert got.code == CODES[reason].name
    # a limit's name becomes a violation; the code is of the wire alone
    without = {"code", "violations", "quota_violations"}
    assert {k: v for k, v in vars(got).items() if k not in without} == {
        k: v for k, v in vars(sent).items() if k not in without
    }


def test_violations_round_trip() -> None:
    violations = [Violation(f"messages[{i}].role", "is unknown") for i in range(3)]
    sent = EXCEPTIONS[pb.ERROR_REASON_INVALID_REQUEST]("bad", violations=violations)
    got = error_from_status(_wire(sent))
    assert got.violations == sent.violations
    assert got.metadata == {"violations": "3"}


def _wire(error: LLMClientError) -> status_pb2.Status:
    return status_pb2.Status.FromString(to_rpc_status(error).SerializeToString())
