"""The spans that a traced fake provider leaves, and what an answer used in them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.trace import StatusCode

from llmrpc import v1 as pb
from llmrpc_server.policies.tracing import TracedClient
from tests.policies.fakes import Clock, Provider

USED = {
    "gen_ai.usage.input_tokens": 3,
    "gen_ai.usage.output_tokens": 2,
    "gen_ai.usage.cache_read.input_tokens": 0,
    "gen_ai.usage.reasoning.output_tokens": 0,
    "llmrpc.cost_usd": 0.005,
}
USAGE = pb.Usage(input_tokens=3, output_tokens=2)
COST = pb.Cost(total_nano_usd=5_000_000)
FIELDS: Mapping[str, Any] = {
    "model": "gpt-4o-1",
    "finish_reason": pb.FINISH_REASON_STOP,
    "usage": USAGE,
    "cost": COST,
    "provider_response_id": "r-7",
}


class Traces:
    """A traced provider, and the spans that have ended."""

    def __init__(self) -> None:
        self._exporter = InMemorySpanExporter()
        self._tracers = TracerProvider()
        self._tracers.add_span_processor(SimpleSpanProcessor(self._exporter))
        self.clock = Clock()

    def around(self, provider: Provider) -> TracedClient:
        return TracedClient(provider, self._tracers.get_tracer("tests"), self.clock)

    @property
    def spans(self) -> tuple[ReadableSpan, ...]:
        return self._exporter.get_finished_spans()

    def one(self) -> ReadableSpan:
        (span,) = self.spans
        return span

    def error(self) -> Any:
        """What the one span says of its failure."""
        span = self.one()
        assert span.status.status_code is StatusCode.ERROR
        return attributes(span)["error.type"]


def attributes(span: ReadableSpan) -> dict[str, Any]:
    return dict(span.attributes or {})
