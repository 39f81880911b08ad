"""Traces: every span and attribute name in one place, and where spans go.

Names follow the OpenTelemetry semantic conventions for RPC (1.40) and for
generative AI, which are still in development: when they move, only this file
does. Without an exporter there is no tracer, and nothing is recorded.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Literal

from opentelemetry import trace
from opentelemetry.context import Context
from opentelemetry.trace import SpanKind, StatusCode, Tracer
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

from llmrpc import v1 as pb
from llmrpc.call import Target
from llmrpc.errors import LLMClientError
from llmrpc.response import NANO, completion_tokens, prompt_tokens

if TYPE_CHECKING:
    from opentelemetry.sdk.trace import TracerProvider

RPC_SYSTEM = "rpc.system.name"
RPC_METHOD = "rpc.method"
RPC_STATUS = "rpc.response.status_code"
ERROR_TYPE = "error.type"
REQUEST_ID = "llmrpc.request_id"
CALLER = "llmrpc.caller"
COST = "llmrpc.cost_usd"
KEY = "llmrpc.provider_key"
PLACE = "llmrpc.batch.place"

OPERATION = "gen_ai.operation.name"
PROVIDER = "gen_ai.provider.name"
REQUEST_MODEL = "gen_ai.request.model"
REQUEST_STREAM = "gen_ai.request.stream"
REQUEST_MAX_TOKENS = "gen_ai.request.max_tokens"
REQUEST_TEMPERATURE = "gen_ai.request.temperature"
RESPONSE_MODEL = "gen_ai.response.model"
RESPONSE_ID = "gen_ai.response.id"
FINISH_REASONS = "gen_ai.response.finish_reasons"
INPUT_TOKENS = "gen_ai.usage.input_tokens"
OUTPUT_TOKENS = "gen_ai.usage.output_tokens"
CACHE_READ_TOKENS = "gen_ai.usage.cache_read.input_tokens"
REASONING_TOKENS = "gen_ai.usage.reasoning.output_tokens"
FIRST_CHUNK = "gen_ai.response.time_to_first_chunk"

CHAT, COUNT = "chat", "count_tokens"
"""Operations; the conventions have no name for the second."""

_WELL_KNOWN = {"mistral": "mistral_ai", "xai": "x_ai", "google": "gcp.gemini"}
"""Providers that the conventions name otherwise than we do."""

_PROPAGATOR = TraceContextTextMapPropagator()
_TRACEPARENT = re.compile(
    r"(?!ff)[0-9a-f]{2}-(?!0{32})[0-9a-f]{32}-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}(?P<more>-[!-~]*)?"
)
_MEMBER = r"[a-z0-9][a-z0-9_\-*/@]{0,255}=[ -+\--<>-~]{0,255}[!-+\--<>-~]"
_TRACESTATE = re.compile(rf"[ \t]*(?:{_MEMBER}[ \t]*)?(?:,[ \t]*(?:{_MEMBER}[ \t]*)?)*")
MOST_STATE = 512
"""Characters of a tracestate: W3C Trace Context, 3.3.1.5, asks for as many."""

Exporter = Literal["none", "console", "otlp"]
Value = str | int | float | bool | list[str]


def start_tracing(exporter: Exporter, version: str) -> TracerProvider | None:
    """A tracer provider that exports as said; None for `none`.

    OTLP reads its endpoint and the rest from the standard `OTEL_*` environment.
    The SDK is imported here, so that an untraced server never loads it.
    """
    if exporter == "none":
        return None
    from opentelemetry.sdk.resources import Resource
    from opentelemetry.sdk.trace import SpanProcessor, TracerProvider
    from opentelemetry.sdk.trace.export import (
        BatchSpanProcessor,
        ConsoleSpanExporter,
    )

    processor: SpanProcessor
    if exporter == "console":
        # in a thread: nobody may read standard output
        processor = BatchSpanProcessor(ConsoleSpanExporter(), schedule_delay_millis=100)
    else:
        from opentelemetry.exporter.otlp.proto.grpc.trace_exporter import OTLPSpanExporter

        processor = BatchSpanProcessor(OTLPSpanExporter())
    resource = Resource.create({"service.name": "llmrpc-server", "service.version": version})
    provider = TracerProvider(resource=resource)
    provider.add_span_processor(processor)
    return provider


def trace_headers(metadata: Mapping[str, str]) -> dict[str, str]:
    """The caller's trace headers; none where they are not what W3C Trace Context says."""
    parent = metadata.get("traceparent")
    if parent is None or len(parent) > MOST_STATE:
        return {}
    found = _TRACEPARENT.fullmatch(parent)
    if found is None or (found["more"] is not None and parent.startswith("00")):
        return {}
    headers = {"traceparent": parent}
    state = metadata.get("tracestate", "")
    if state and len(state) <= MOST_STATE and _TRACESTATE.fullmatch(state):
        headers["tracestate"] = state
    return headers


def remote_context(headers: Mapping[str, str]) -> Context:
    """The caller's trace, from its metadata."""
    return _PROPAGATOR.extract(headers, context=Context())


def upstream_headers(span: trace.Span) -> tuple[tuple[str, str], ...]:
    """The headers that continue this span's trace at a provider."""
    carrier: dict[str, str] = {}
    _PROPAGATOR.inject(carrier, context=trace.set_span_in_context(span, Context()))
    return tuple(carrier.items())


class CallSpan:
    """The server span of one call, or that of an item inside its batch's span.

    Started and ended expressly. An item's has its place in the batch, from 1.
    """

    def __init__(
        self, tracer: Tracer, method: str, headers: Mapping[str, str], place: int = 0
    ) -> None:
        attributes: dict[str, Value] = {RPC_SYSTEM: "grpc", RPC_METHOD: method}
        if place:
            attributes[PLACE] = place
        self.span = tracer.start_span(
            f"{method} item" if place else method,
            context=remote_context(headers),
            kind=SpanKind.INTERNAL if place else SpanKind.SERVER,
            attributes=attributes,
        )

    def end(self, code: str, *, server_fault: bool, attributes: Mapping[str, Value]) -> None:
        """Ends the span with the gRPC code's name, such as `NOT_FOUND`."""
        self.span.set_attribute(RPC_STATUS, code)
        self.span.set_attributes(attributes)
        if server_fault:
            self.span.set_attribute(ERROR_TYPE, code)
            self.span.set_status(StatusCode.ERROR)
        self.span.end()


class AttemptSpan:
    """The client span of one try at a provider."""

    def __init__(
        self,
        tracer: Tracer,
        parent: tuple[tuple[str, str], ...],
        target: Target,
        request: pb.GenerateRequest,
        *,
        stream: bool,
        operation: str = CHAT,
    ) -> None:
        attributes: dict[str, Value] = {
            OPERATION: operation,
            PROVIDER: _WELL_KNOWN.get(target.provider, target.provider),
            REQUEST_MODEL: target.model,
        }
        if stream:
            attributes[REQUEST_STREAM] = True
        if request.HasField("max_tokens"):
            attributes[REQUEST_MAX_TOKENS] = request.max_tokens
        if request.HasField("temperature"):
            attributes[REQUEST_TEMPERATURE] = request.temperature
        if target.key is not None:
            attributes[KEY] = target.key.name
        self.span = tracer.start_span(
            f"{operation} {target.model}",
            context=remote_context(dict(parent)),
            kind=SpanKind.CLIENT,
            attributes=attributes,
        )

    def first_chunk(self, seconds: float) -> None:
        """The stream's first delta came."""
        self.span.set_attribute(FIRST_CHUNK, seconds)

    def succeed(self, response: pb.LLMResponse) -> None:
        """Ends the span with what was answered."""
        finish = pb.FinishReason.Name(response.finish_reason).removeprefix("FINISH_REASON_")
        attributes: dict[str, Value] = {
            RESPONSE_MODEL: response.model,
            FINISH_REASONS: [finish.lower()],
        }
        if response.provider_response_id:
            attributes[RESPONSE_ID] = response.provider_response_id
        self.span.set_attributes(attributes | _spent(response.usage, response.cost))
        self.span.end()

    def counted(self) -> None:
        """Ends the span; a count used nothing."""
        self.span.end()

    def fail(self, error: BaseException, attempt: pb.Attempt | None) -> None:
        """Ends the span with an error's type; its text may hold what a caller said.

        What the attempt used all the same stands beside it.
        """
        if attempt is not None and attempt.HasField("usage"):
            self.span.set_attributes(_spent(attempt.usage, attempt.cost))
        kind = error.reason_name if isinstance(error, LLMClientError) else type(error).__name__
        self.span.set_attribute(ERROR_TYPE, kind)
        self.span.set_status(StatusCode.ERROR)
        self.span.end()


def _spent(usage: pb.Usage, cost: pb.Cost) -> dict[str, Value]:
    attributes: dict[str, Value] = {
        INPUT_TOKENS: prompt_tokens(usage),
        OUTPUT_TOKENS: completion_tokens(usage),
        CACHE_READ_TOKENS: usage.cache_read_tokens + usage.cache_read_audio_tokens,
        REASONING_TOKENS: usage.reasoning_tokens,
    }
    if cost.HasField("total_nano_usd"):
        attributes[COST] = cost.total_nano_usd / NANO
    return attributes
