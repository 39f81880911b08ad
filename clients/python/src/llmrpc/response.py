"""How the parts of an answer become the contract's response."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from google.protobuf import struct_pb2

from llmrpc import v1 as pb
from llmrpc.call import Call

NANO = 1_000_000_000
"""Nano-USD in one USD."""
COST_ITEMS = tuple(
    field.name
    for field in pb.Cost.DESCRIPTOR.fields
    if field.name.endswith("_nano_usd") and field.name != "total_nano_usd"
)
"""The fields of `Cost` that add up to its total."""


def prompt_tokens(usage: pb.Usage) -> int:
    """All input of these disjoint buckets, cached or not."""
    return (
        usage.input_tokens
        + usage.cache_read_tokens
        + usage.cache_write_tokens
        + usage.cache_write_1h_tokens
        + usage.input_audio_tokens
        + usage.cache_read_audio_tokens
        + usage.input_image_tokens
    )


def completion_tokens(usage: pb.Usage) -> int:
    """All output of these disjoint buckets, reasoning included."""
    return (
        usage.output_tokens
        + usage.reasoning_tokens
        + usage.output_audio_tokens
        + usage.output_image_tokens
    )


def total_cost(cost: pb.Cost, attempts: Iterable[pb.Attempt]) -> pb.Cost:
    """The cost of a response, and of the failed attempts before it.

    With an attempt whose price is not known, the rest is an estimate; `unpriced` stays
    what it is for the response.
    """
    total = pb.Cost()
    total.CopyFrom(cost)
    for attempt in attempts:
        if attempt.outcome != pb.Attempt.OUTCOME_FAILED or not attempt.HasField("cost"):
            continue
        for item in COST_ITEMS:
            setattr(total, item, getattr(total, item) + getattr(attempt.cost, item))
        if total.HasField("total_nano_usd"):
            total.total_nano_usd += attempt.cost.total_nano_usd
        total.estimated |= attempt.cost.estimated or attempt.cost.unpriced
    return total


def build_response(
    call: Call,
    *,
    provider: str,
    model: str,
    content: str,
    parts: Sequence[pb.Part],
    finish_reason: pb.FinishReason.ValueType,
    usage: pb.Usage,
    cost: pb.Cost,
    warnings: Sequence[pb.Warning] = (),
    provider_finish_reason: str = "",
    provider_response_id: str = "",
    provider_metadata: Mapping[str, struct_pb2.Value] | None = None,
) -> pb.LLMResponse:
    """A whole response: totals, the price in USD, the call's id, time and attempts."""
    prompt, completion = prompt_tokens(usage), completion_tokens(usage)
    return pb.LLMResponse(
        content=content,
        message=pb.LLMMessage(role=pb.ROLE_ASSISTANT, parts=parts),
        provider=provider,
        model=model,
        tokens_used=prompt + completion,
        prompt_tokens=prompt,
        completion_tokens=completion,
        cost_estimate=cost.total_nano_usd / NANO if cost.HasField("total_nano_usd") else None,
        response_time=call.elapsed(),
        finish_reason=finish_reason,
        usage=usage,
        cost=cost,
        total_cost=total_cost(cost, call.trail),
        request_id=call.request_id,
        attempts=call.trail,
        warnings=warnings,
        provider_finish_reason=provider_finish_reason,
        provider_response_id=provider_response_id,
        provider_metadata=provider_metadata,
    )
