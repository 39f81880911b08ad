"""The committed stubs on grpcio's synchronous side, by pytest-grpc's fixtures."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import grpc
import pytest

from llmrpc import v1 as pb
from llmrpc.v1 import llm_service_pb2_grpc


class Servicer(llm_service_pb2_grpc.LLMServiceServicer):
    """A contract of three words, as a test of an application may have it."""

    def Generate(self, request: pb.GenerateRequest, context: Any) -> pb.LLMResponse:
        return pb.LLMResponse(content=request.messages[0].content.upper())

    def StreamText(self, request: pb.GenerateRequest, context: Any) -> Iterator[pb.StreamEvent]:
        for sequence, word in enumerate(request.messages[0].content.split(), 1):
            yield pb.StreamEvent(sequence=sequence, deltas=[pb.Delta(text=word)])


@pytest.fixture(scope="module")
def grpc_add_to_server() -> Any:
    return llm_service_pb2_grpc.add_LLMServiceServicer_to_server


@pytest.fixture(scope="module")
def grpc_servicer() -> Servicer:
    return Servicer()  # type: ignore[abstract]  # the rest is UNIMPLEMENTED


@pytest.fixture(scope="module")
def grpc_stub_cls() -> Any:
    return llm_service_pb2_grpc.LLMServiceStub


def request() -> pb.GenerateRequest:
    return pb.GenerateRequest(messages=[pb.LLMMessage(role=pb.ROLE_USER, content="one two")])


def test_a_blocking_stub_calls_a_blocking_servicer(grpc_stub: Any) -> None:
    assert grpc_stub.Generate(request()).content == "ONE TWO"
    texts = [event.deltas[0].text for event in grpc_stub.StreamText(request())]
    assert texts == ["one", "two"]


def test_a_method_without_an_answer_is_unimplemented(grpc_stub: Any) -> None:
    with pytest.raises(grpc.RpcError) as caught:
        grpc_stub.ListModels(pb.ListModelsRequest())
    assert caught.value.code() is grpc.StatusCode.UNIMPLEMENTED
