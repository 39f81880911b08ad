"""What a servicer says by gRPC's own means reaches the caller, and the log hears it."""

from __future__ import annotations

from typing import Any

import grpc
import pytest

from llmrpc import v1 as pb
from llmrpc.v1.llm_service_pb2_grpc import LLMServiceServicer
from llmrpc_server.rpc.service import LLMServicer
from llmrpc_server.rpc.status import Status
from tests.conftest import StartGateway
from tests.running import RunningGateway, until
from tests.server.scripted import SECRET
from tests.server.wire import failure, reason, trailer

MINE = ("x-mine", "1")
ID = (("x-request-id", "r-1"),)
PERMISSION = grpc.StatusCode.PERMISSION_DENIED


def count(running: RunningGateway) -> Any:
    return running.stub.CountTokens(pb.CountTokensRequest(), metadata=ID, timeout=10)


async def logged(caplog: pytest.LogCaptureFixture) -> str:
    """The status in the call's one log line."""
    lines: list[Any] = []

    def written() -> list[Any]:
        lines[:] = [record for record in caplog.records if record.name == "llmrpc.access"]
        return lines

    await until(written)
    (line,) = lines
    return str(line.fields["status"])


async def set_trailers(self: Any, request: Any, context: Any) -> pb.CountTokensResponse:
    context.set_trailing_metadata((MINE,))
    return pb.CountTokensResponse()


async def set_trailers_and_abort(self: Any, request: Any, context: Any) -> None:
    context.set_trailing_metadata((MINE,))
    await context.abort(PERMISSION, "not you")


async def abort_with_trailers(self: Any, request: Any, context: Any) -> None:
    await context.abort(PERMISSION, "not you", (MINE,))


async def abort_with_status(self: Any, request: Any, context: Any) -> None:
    await context.abort_with_status(Status(PERMISSION, "not you", (MINE,)))


async def set_code(self: Any, request: Any, context: Any) -> pb.CountTokensResponse:
    context.set_code(PERMISSION)
    context.set_details("not you")
    context.set_trailing_metadata((MINE,))
    return pb.CountTokensResponse()


async def raise_behind_a_code(self: Any, request: Any, context: Any) -> None:
    context.set_code(PERMISSION)
    raise ValueError(SECRET)


async def test_trailers_stand_beside_the_request_id(
    gateway: StartGateway, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(LLMServicer, "CountTokens", set_trailers)
    call = count(await gateway())
    await call
    assert {*ID, MINE} <= {*await call.trailing_metadata()}


@pytest.mark.parametrize(
    "work", [set_trailers_and_abort, abort_with_trailers, abort_with_status, set_code]
)
async def test_a_status_of_its_own_is_left_alone(
    gateway: StartGateway,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    work: Any,
) -> None:
    caplog.set_level("INFO", "llmrpc.access")
    monkeypatch.setattr(LLMServicer, "CountTokens", work)
    error = await failure(count(await gateway()))
    assert (error.code(), error.details()) == (PERMISSION, "not you")
    assert {*ID, MINE} <= {*(error.trailing_metadata() or ())}
    assert await logged(caplog) == "PERMISSION_DENIED"


async def test_what_is_raised_behind_a_code_stays_inside(
    gateway: StartGateway, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(LLMServicer, "CountTokens", raise_behind_a_code)
    error = await failure(count(await gateway()))
    assert error.code() is grpc.StatusCode.INTERNAL
    assert SECRET not in str(error)


@pytest.mark.parametrize("method", ["CountTokens", "StreamText"])
async def test_a_method_that_nobody_wrote_is_unimplemented(
    gateway: StartGateway,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    method: str,
) -> None:
    caplog.set_level("INFO", "llmrpc.access")
    monkeypatch.setattr(LLMServicer, method, getattr(LLMServiceServicer, method))
    running = await gateway()
    if method == "CountTokens":
        error = await failure(count(running))
    else:
        call = running.stub.StreamText(pb.GenerateRequest(), metadata=ID, timeout=10)
        error = await failure(call.read())
    assert error.code() is grpc.StatusCode.UNIMPLEMENTED
    assert error.details() == (
        f"gateway has no method llmrpc.v1.LLMService/{method}; "
        "check its name, or update the gateway"
    )
    assert reason(error) == "METHOD_NOT_IMPLEMENTED"
    assert trailer(error, "x-request-id") == "r-1"
    assert await logged(caplog) == "UNIMPLEMENTED"
