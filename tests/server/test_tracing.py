"""Spans as a real OTLP collector gets them from a gateway process."""

from __future__ import annotations

import secrets
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any

import grpc
import pytest
import pytest_asyncio
from opentelemetry.proto.trace.v1 import trace_pb2

from llmrpc import v1 as pb
from llmrpc.v1.llm_service_pb2_grpc import LLMServiceStub
from tests.conftest import StartProcess
from tests.running import GatewayProcess, as_async, write_config
from tests.server.collector import Collector, attributes, collecting
from tests.server.scripted import SCRIPTED
from tests.server.wire import ask, everything, failure

SERVER, CLIENT = trace_pb2.Span.SPAN_KIND_SERVER, trace_pb2.Span.SPAN_KIND_CLIENT
INTERNAL = trace_pb2.Span.SPAN_KIND_INTERNAL
ERROR, UNSET = trace_pb2.Status.STATUS_CODE_ERROR, trace_pb2.Status.STATUS_CODE_UNSET


SHARED = pytest.mark.asyncio(loop_scope="module")
"""For tests of one process that all of them read: each looks at a trace of its own."""


@pytest.fixture
async def collector() -> AsyncIterator[Collector]:
    async with collecting() as running:
        yield running


@dataclass
class Traced:
    """A gateway process that exports to a collector, and a stub of it."""

    collector: Collector
    stub: Any

    def traceparent(self) -> tuple[bytes, bytes, tuple[tuple[str, str]]]:
        """A fresh trace: its id, the caller's span, and the metadata that says so."""
        trace, span = secrets.token_bytes(16), secrets.token_bytes(8)
        return trace, span, (("traceparent", f"00-{trace.hex()}-{span.hex()}-01"),)


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def traced(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Traced]:
    settings = {"providers": SCRIPTED, "retry": {"attempts": 3, "base_delay": 0.001}}
    config = str(write_config(tmp_path_factory.mktemp("traced"), settings))
    async with collecting() as collector:
        process = await GatewayProcess.start("--config", config, environment=collector.environment)
        try:
            async with grpc.aio.insecure_channel(await process.address()) as channel:
                yield Traced(collector, as_async(LLMServiceStub(channel)))
        finally:
            await process.close()


@SHARED
async def test_the_callers_trace_is_continued(traced: Traced) -> None:
    trace, caller, metadata = traced.traceparent()
    request_id = ("x-request-id", "r-1")
    request = ask("say", temperature=0.5, max_tokens=7)
    await traced.stub.Generate(request, metadata=(*metadata, request_id))
    server, client = await traced.collector.trace(trace, 2)
    assert (server.kind, server.parent_span_id) == (SERVER, caller)
    assert (client.kind, client.parent_span_id) == (CLIENT, server.span_id)
    assert (server.name, client.name) == ("llmrpc.v1.LLMService/Generate", "chat say")
    assert attributes(server) == {
        "rpc.system.name": "grpc",
        "rpc.method": "llmrpc.v1.LLMService/Generate",
        "rpc.response.status_code": "OK",
        "llmrpc.request_id": "r-1",
    }
    assert attributes(client) == {
        "gen_ai.operation.name": "chat",
        "gen_ai.provider.name": "scripted",
        "gen_ai.request.model": "say",
        "gen_ai.request.max_tokens": 7,
        "gen_ai.request.temperature": 0.5,
        "gen_ai.response.model": "say",
        "gen_ai.response.finish_reasons": ["stop"],
        "gen_ai.usage.input_tokens": 3,
        "gen_ai.usage.output_tokens": 2,
        "gen_ai.usage.cache_read.input_tokens": 0,
        "gen_ai.usage.reasoning.output_tokens": 0,
        "llmrpc.cost_usd": 0.005,
    }
    assert server.status.code == client.status.code == UNSET
    assert server.end_time_unix_nano >= client.end_time_unix_nano
    assert traced.collector.resource["service.name"] == "llmrpc-server"


@SHARED
async def test_a_call_without_a_trace_starts_one(traced: Traced) -> None:
    answer = await traced.stub.Generate(ask("say"))
    server, client = await traced.collector.call(answer.request_id, 2)
    assert (client.kind, client.parent_span_id) == (CLIENT, server.span_id)
    assert server.parent_span_id == b""


@SHARED
async def test_every_attempt_has_its_span(traced: Traced) -> None:
    trace, _, metadata = traced.traceparent()
    await failure(traced.stub.Generate(ask("down"), metadata=metadata))
    server, *attempts = await traced.collector.trace(trace, 4)
    assert len(attempts) == 3
    for attempt in attempts:
        assert attempt.parent_span_id == server.span_id
        assert attempt.status.code == ERROR
        assert attributes(attempt)["error.type"] == "PROVIDER_UNAVAILABLE"
    assert server.status.code == ERROR
    assert attributes(server)["rpc.response.status_code"] == "UNAVAILABLE"
    assert attributes(server)["error.type"] == "UNAVAILABLE"


@SHARED
@pytest.mark.parametrize(
    ("model", "code", "kind"),
    [
        ("boom", "INTERNAL", "ValueError"),
        ("stray", "INTERNAL", "CancelledError"),
        ("boom-midway", "INTERNAL", "ValueError"),
        ("broken-midway", "UNAVAILABLE", "STREAM_INTERRUPTED"),
        ("silent-midway", "UNAVAILABLE", "StopAsyncIteration"),
    ],
)
async def test_whatever_goes_wrong_ends_both_spans(
    traced: Traced, model: str, code: str, kind: str
) -> None:
    trace, _, metadata = traced.traceparent()
    await failure(everything(traced.stub.StreamText(ask(model), metadata=metadata)))
    server, client = await traced.collector.trace(trace, 2)
    assert attributes(server)["rpc.response.status_code"] == code
    assert (client.status.code, attributes(client)["error.type"]) == (ERROR, kind)


@SHARED
async def test_a_callers_fault_is_none_of_the_servers(traced: Traced) -> None:
    trace, _, metadata = traced.traceparent()
    await failure(traced.stub.Generate(ask("say", temperature=9), metadata=metadata))
    (server,) = await traced.collector.trace(trace, 1)
    assert server.status.code == UNSET
    assert attributes(server)["rpc.response.status_code"] == "INVALID_ARGUMENT"


@SHARED
async def test_a_streams_spans_end_with_the_stream(traced: Traced) -> None:
    trace, _, metadata = traced.traceparent()
    started = time.time_ns()
    await everything(traced.stub.StreamText(ask("tick-10"), metadata=metadata))
    server, client = await traced.collector.trace(trace, 2)
    took = {}
    for span in (server, client):
        assert span.start_time_unix_nano >= started
        took[span.kind] = (span.end_time_unix_nano - span.start_time_unix_nano) / 1e9
    found = attributes(client)
    assert found["gen_ai.request.stream"] is True
    first = found["gen_ai.response.time_to_first_chunk"]
    assert first >= 0
    # the ticks come after the first chunk, for a fifth of a second if not more
    assert min(took.values()) - first > 0.15
    assert found["gen_ai.usage.output_tokens"] == 2


@SHARED
async def test_a_cancelled_stream_ends_its_spans(traced: Traced) -> None:
    trace, _, metadata = traced.traceparent()
    call = traced.stub.StreamText(ask("hang-midway"), metadata=metadata)
    await anext(aiter(call))
    call.cancel()
    server, client = await traced.collector.trace(trace, 2)
    assert attributes(server)["rpc.response.status_code"] == "CANCELLED"
    assert attributes(client)["error.type"] == "CancelledError"


async def test_the_last_spans_are_sent_before_the_process_ends(
    gateway_process: StartProcess, collector: Collector
) -> None:
    environment = collector.environment | {"OTEL_BSP_SCHEDULE_DELAY": "60000"}
    process = await gateway_process(environment=environment)
    async with grpc.aio.insecure_channel(await process.address()) as channel:
        await as_async(LLMServiceStub(channel)).Generate(ask())
    assert not collector.spans
    assert await process.terminate() == 0
    assert {span.kind for span in collector.spans} == {SERVER, CLIENT}


async def test_a_collector_that_is_gone_holds_nothing_up(
    gateway_process: StartProcess, closed_port: int
) -> None:
    endpoint = f"http://127.0.0.1:{closed_port}"
    environment = {"OTEL_EXPORTER_OTLP_ENDPOINT": endpoint, "OTEL_EXPORTER_OTLP_TIMEOUT": "1"}
    process = await gateway_process(environment=environment)
    async with grpc.aio.insecure_channel(await process.address()) as channel:
        assert (await as_async(LLMServiceStub(channel)).Generate(ask(), timeout=5)).content
    assert await process.terminate() == 0


async def test_spans_on_the_console_by_request(gateway_process: StartProcess) -> None:
    process = await gateway_process("--tracing", "console")
    async with grpc.aio.insecure_channel(await process.address()) as channel:
        await as_async(LLMServiceStub(channel)).Generate(ask())
    assert await process.terminate() == 0
    assert '"name": "llmrpc.v1.LLMService/Generate"' in process.stdout


@SHARED
async def test_an_item_of_a_batch_has_a_span_inside_the_calls(traced: Traced) -> None:
    trace, caller, metadata = traced.traceparent()
    items = [pb.BatchItem(id=model, generate=ask(model)) for model in ("say", "boom")]
    await everything(traced.stub.BatchGenerate(items, metadata=metadata))
    spans = await traced.collector.trace(trace, 5)
    (call,) = [span for span in spans if span.kind == SERVER]
    assert call.parent_span_id == caller
    inner = sorted((span for span in spans if span.kind == INTERNAL), key=place)
    assert [span.parent_span_id for span in inner] == [call.span_id] * 2
    assert [span.name for span in inner] == ["llmrpc.v1.LLMService/BatchGenerate item"] * 2
    assert [span.status.code for span in inner] == [UNSET, ERROR]
    tries = {span.parent_span_id for span in spans if span.kind == CLIENT}
    assert tries == {span.span_id for span in inner}


@SHARED
async def test_a_count_has_a_span_of_its_own_kind(traced: Traced) -> None:
    trace, _, metadata = traced.traceparent()
    await traced.stub.CountTokens(pb.CountTokensRequest(request=ask("say")), metadata=metadata)
    server, client = await traced.collector.trace(trace, 2)
    assert server.name == "llmrpc.v1.LLMService/CountTokens"
    assert (client.name, client.parent_span_id) == ("count_tokens say", server.span_id)
    assert attributes(client)["gen_ai.operation.name"] == "count_tokens"


def place(span: trace_pb2.Span) -> Any:
    """Of an item in its batch."""
    return attributes(span)["llmrpc.batch.place"]
