"""An OTLP collector on loopback: a TraceService that keeps what it is sent."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import grpc
from opentelemetry.proto.collector.trace.v1 import trace_service_pb2 as service
from opentelemetry.proto.collector.trace.v1 import trace_service_pb2_grpc
from opentelemetry.proto.trace.v1 import trace_pb2

from tests.running import until


@dataclass
class Collector(trace_service_pb2_grpc.TraceServiceServicer):
    """The spans so far, and the resource of the last batch."""

    spans: list[trace_pb2.Span] = field(default_factory=list)
    resource: dict[str, Any] = field(default_factory=dict)
    address: str = ""

    async def Export(
        self, request: service.ExportTraceServiceRequest, context: Any
    ) -> service.ExportTraceServiceResponse:
        for batch in request.resource_spans:
            self.resource = _plain(batch.resource.attributes)
            for scope in batch.scope_spans:
                self.spans.extend(scope.spans)
        return service.ExportTraceServiceResponse()

    @property
    def environment(self) -> dict[str, str]:
        """What makes a gateway export here, soon."""
        return {
            "OTEL_EXPORTER_OTLP_ENDPOINT": f"http://{self.address}",
            "OTEL_BSP_SCHEDULE_DELAY": "20",
        }

    async def trace(self, trace_id: bytes, spans: int) -> list[trace_pb2.Span]:
        """The spans of one trace by their start, once there are so many."""
        await until(lambda: len(self._of(trace_id)) >= spans)
        return self._of(trace_id)

    async def call(self, request_id: str, spans: int) -> list[trace_pb2.Span]:
        """The same for the trace that a call is part of."""
        found: list[bytes] = []

        def told() -> bool:
            found.extend(
                span.trace_id
                for span in self.spans
                if attributes(span).get("llmrpc.request_id") == request_id
            )
            return bool(found)

        await until(told)
        return await self.trace(found[0], spans)

    def _of(self, trace_id: bytes) -> list[trace_pb2.Span]:
        found = [span for span in self.spans if span.trace_id == trace_id]
        return sorted(found, key=lambda span: span.start_time_unix_nano)


def attributes(span: trace_pb2.Span) -> dict[str, Any]:
    return _plain(span.attributes)


def _plain(pairs: Any) -> dict[str, Any]:
    return {pair.key: _value(pair.value) for pair in pairs}


def _value(value: Any) -> Any:
    kind = value.WhichOneof("value")
    if kind == "array_value":
        return [_value(each) for each in value.array_value.values]
    return getattr(value, kind)


@asynccontextmanager
async def collecting() -> AsyncIterator[Collector]:
    server = grpc.aio.server()
    collector = Collector()
    add: Any = trace_service_pb2_grpc.add_TraceServiceServicer_to_server
    add(collector, server)
    collector.address = f"127.0.0.1:{server.add_insecure_port('127.0.0.1:0')}"
    await server.start()
    try:
        yield collector
    finally:
        await server.stop(None)
