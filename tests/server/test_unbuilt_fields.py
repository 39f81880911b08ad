"""Fields of features that are not built yet are refused by name."""

from __future__ import annotations

import grpc
import pytest
from google.protobuf import duration_pb2
from google.rpc import error_details_pb2

from llmrpc import v1 as pb
from llmrpc_server.rpc.validation import NOT_BUILT
from tests.conftest import StartGateway
from tests.server.wire import ask, detail, failure

UNBUILT = {
    "fallback.models": ask(fallback=pb.FallbackOptions(models=["echo/a"])),
    "cache": ask(cache=pb.CacheOptions()),
    "cache#ttl": ask(cache=pb.CacheOptions(ttl=duration_pb2.Duration(seconds=1))),
    "idempotency_key": ask(idempotency_key="a"),
    "resume_after": ask(resume_after=0),
    "labels": ask(labels={"team": "a"}),
    "recovery": ask(recovery=pb.RECOVERY_RESTART),
    "waiting_events": ask(waiting_events=True),
}


@pytest.mark.parametrize("name", UNBUILT)
async def test_fields_of_a_later_release_are_refused_by_name(
    gateway: StartGateway, name: str
) -> None:
    error = await failure((await gateway()).stub.Generate(UNBUILT[name]))
    assert error.code() is grpc.StatusCode.INVALID_ARGUMENT
    info = detail(error, error_details_pb2.ErrorInfo)
    assert info.reason == "FIELD_NOT_IMPLEMENTED"
    assert info.metadata["field"] == name.partition("#")[0]


def test_every_field_of_a_later_release_is_tested() -> None:
    assert {name.partition("#")[0] for name in UNBUILT} == set(NOT_BUILT)
