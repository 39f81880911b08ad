"""From statuses to exceptions, over the wire and from a message."""

from __future__ import annotations

import grpc
import pytest
from google.protobuf.duration_pb2 import Duration
from google.rpc import code_pb2, error_details_pb2, status_pb2

from llmrpc import (
    AuthenticationError,
    BudgetExceededError,
    Call,
    GatewayClient,
    GenerationTimeoutError,
    InvalidRequestError,
    LLMClientError,
    MethodNotImplementedError,
    ModelNotFoundError,
    PermissionDeniedError,
    ProviderNotAvailableError,
    QuotaViolation,
    RateLimitError,
    StreamInterruptedError,
    Violation,
)
from llmrpc import v1 as pb
from llmrpc.errors import EXCEPTIONS
from llmrpc.status import error_from_status
from tests.client.gateway import Failure, Gateway, Step, info, stream

REQUEST = pb.GenerateRequest()
Code = grpc.StatusCode


async def caught(gateway: Gateway, client: GatewayClient, *steps: Step) -> LLMClientError:
    """What a stream of these steps raises, wherever it does."""
    gateway.play(steps)

    async def read() -> None:
        async with await client.open_stream(REQUEST, Call("sent-id")) as events:
            async for _ in events:
                pass

    with pytest.raises(LLMClientError) as raised:
        await read()
    return raised.value


async def test_every_detail_arrives(gateway: Gateway, client: GatewayClient) -> None:
    attempt = pb.Attempt(
        provider="openai", model="gpt-4o", key="openai-2", outcome=pb.Attempt.OUTCOME_FAILED
    )
    attempt.reason, attempt.http_status = pb.ERROR_REASON_PROVIDER_RATE_LIMITED, 429
    attempt.provider_request_id = "req-up"
    usage, cost = pb.Usage(input_tokens=7), pb.Cost(total_nano_usd=9)
    failure = Failure(
        Code.RESOURCE_EXHAUSTED,
        "slow down",
        [
            info("PROVIDER_RATE_LIMITED", provider="openai"),
            error_details_pb2.RetryInfo(retry_delay=Duration(seconds=1, nanos=500_000_000)),
            pb.ErrorDetails(request_id="r-5", usage=usage, cost=cost, attempts=[attempt]),
        ],
        [("x-request-id", "r-trailing")],
    )
    gateway.play([failure])
    with pytest.raises(RateLimitError, match=r"^slow down$") as raised:
        await client.generate(REQUEST)
    error = raised.value
    assert error.reason_name == "PROVIDER_RATE_LIMITED"
    assert error.metadata == {"provider": "openai"}
    assert error.retry_after == 1.5
    assert error.request_id == "r-5"
    assert (error.usage, error.cost, error.attempts) == (usage, cost, (attempt,))
    assert (error.http_status, error.provider_request_id) == (429, "req-up")


async def test_violations(gateway: Gateway, client: GatewayClient) -> None:
    bad = error_details_pb2.BadRequest()
    bad.field_violations.add(field="messages[0].role", description="is unknown")
    error = await caught(
        gateway, client, Failure(Code.INVALID_ARGUMENT, "bad", [info("INVALID_REQUEST"), bad])
    )
    assert type(error) is InvalidRequestError
    assert error.violations == (Violation("messages[0].role", "is unknown"),)
    assert (error.code, error.quota_violations) == ("INVALID_ARGUMENT", ())
    quota = error_details_pb2.QuotaFailure()
    quota.violations.add(subject="team-a", description="is spent")
    error = await caught(
        gateway, client, Failure(Code.RESOURCE_EXHAUSTED, "no", [info("BUDGET_EXCEEDED"), quota])
    )
    assert type(error) is BudgetExceededError
    assert error.quota_violations == (QuotaViolation("team-a", "is spent"),)
    assert (error.code, error.violations) == ("RESOURCE_EXHAUSTED", ())


@pytest.mark.parametrize("reason", [r for r in pb.ErrorReason.values() if r])
def test_every_reason_has_its_exception(reason: pb.ErrorReason.ValueType) -> None:
    name = pb.ErrorReason.Name(reason).removeprefix("ERROR_REASON_")
    status = status_pb2.Status(code=code_pb2.UNKNOWN)
    status.details.add().Pack(info(name))
    error = error_from_status(status)
    assert type(error) is EXCEPTIONS[reason]
    assert error.reason_name == name


def test_a_reason_of_a_newer_release_is_raised_by_its_code() -> None:
    status = status_pb2.Status(code=code_pb2.NOT_FOUND, message="gone")
    status.details.add().Pack(info("FROM_THE_FUTURE", a="b"))
    error = error_from_status(status)
    assert type(error) is ModelNotFoundError
    assert error.metadata == {"a": "b"}
    assert error.reason_name == "FROM_THE_FUTURE"
    assert error.reason == pb.ERROR_REASON_MODEL_NOT_FOUND


def test_another_domain_is_not_ours() -> None:
    status = status_pb2.Status(code=code_pb2.UNAVAILABLE)
    detail = error_details_pb2.ErrorInfo(reason="BUDGET_EXCEEDED", domain="example.com")
    status.details.add().Pack(detail)
    error = error_from_status(status)
    assert type(error) is ProviderNotAvailableError
    assert error.reason_name == "PROVIDER_UNAVAILABLE"


def test_details_that_cannot_be_read_are_left_out() -> None:
    status = status_pb2.Status(code=code_pb2.UNAVAILABLE, message="down")
    status.details.add(type_url="type.googleapis.com/google.rpc.RetryInfo", value=b"\xff\xff")
    status.details.add().Pack(info("CIRCUIT_OPEN"))
    error = error_from_status(status)
    assert (error.message, error.reason_name) == ("down", "CIRCUIT_OPEN")
    assert error.retry_after is None


@pytest.mark.parametrize(
    ("code", "kind"),
    [
        (Code.CANCELLED, ProviderNotAvailableError),
        (Code.UNKNOWN, LLMClientError),
        (Code.INVALID_ARGUMENT, InvalidRequestError),
        (Code.DEADLINE_EXCEEDED, GenerationTimeoutError),
        (Code.NOT_FOUND, ModelNotFoundError),
        (Code.PERMISSION_DENIED, PermissionDeniedError),
        (Code.UNAUTHENTICATED, AuthenticationError),
        (Code.RESOURCE_EXHAUSTED, InvalidRequestError),
        (Code.UNIMPLEMENTED, MethodNotImplementedError),
        (Code.INTERNAL, LLMClientError),
    ],
)
async def test_a_status_without_details(
    gateway: Gateway, client: GatewayClient, code: grpc.StatusCode, kind: type[LLMClientError]
) -> None:
    error = await caught(gateway, client, Failure(code))
    assert type(error) is kind
    assert error.message == "scripted"
    assert error.request_id == "sent-id"
    assert error.metadata == {"target": gateway.target}


async def test_the_request_id_comes_from_the_trailer(
    gateway: Gateway, client: GatewayClient
) -> None:
    failure = Failure(Code.NOT_FOUND, trailing=[("x-request-id", "r-trailing")])
    assert (await caught(gateway, client, failure)).request_id == "r-trailing"


async def test_details_that_are_no_status(gateway: Gateway, client: GatewayClient) -> None:
    failure = Failure(Code.NOT_FOUND, trailing=[("grpc-status-details-bin", b"\xff")])  # type: ignore[list-item]
    assert type(await caught(gateway, client, failure)) is ModelNotFoundError


async def test_no_gateway_there(closed_port: int) -> None:
    target = f"127.0.0.1:{closed_port}"
    async with GatewayClient(target) as client:
        with pytest.raises(ProviderNotAvailableError) as raised:
            await client.generate(REQUEST)
    start = "start one with `make run` or `llmrpc-server`"
    assert raised.value.message == f"no gateway answers at {target}; {start}"
    assert raised.value.request_id == ""


@pytest.mark.parametrize("code", [Code.UNAVAILABLE, Code.INTERNAL, Code.CANCELLED, Code.UNKNOWN])
async def test_a_connection_lost_in_a_stream(
    gateway: Gateway, client: GatewayClient, code: grpc.StatusCode
) -> None:
    error = await caught(gateway, client, *stream("One", whole=False), Failure(code))
    assert type(error) is StreamInterruptedError
    assert gateway.target in error.message
    assert error.request_id == "sent-id"


async def test_an_error_in_a_stream_keeps_its_type(gateway: Gateway, client: GatewayClient) -> None:
    failure = Failure(
        Code.RESOURCE_EXHAUSTED,
        "spent",
        [info("BUDGET_EXCEEDED"), pb.ErrorDetails(usage=pb.Usage(output_tokens=3))],
    )
    error = await caught(gateway, client, *stream("One", whole=False), failure)
    assert type(error) is BudgetExceededError
    assert error.usage == pb.Usage(output_tokens=3)
