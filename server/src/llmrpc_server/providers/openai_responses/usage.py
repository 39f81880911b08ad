"""Tokens as Responses counts them, put into disjoint buckets."""

from __future__ import annotations

from llmrpc import v1 as pb
from llmrpc_server.providers.openai_family.totals import with_rest
from llmrpc_server.providers.openai_responses import wire
from llmrpc_server.providers.tokens import split

_NO_INPUT = wire.InputDetails()
_NO_WRITES = wire.WriteDetails()
_NO_OUTPUT = wire.OutputDetails()


def disjoint(usage: wire.Usage | None) -> pb.Usage | None:
    """The buckets, whose sums are the provider's own totals; None where it has none.

    Tokens that were read from the cache or written to it are inside the input,
    those for twelve hours inside the written ones, reasoning inside the output. What the
    total has beside the two was counted apart: it is reasoning.
    """
    if usage is None or (usage.input_tokens is None and usage.output_tokens is None):
        return None
    details = usage.input_tokens_details or _NO_INPUT
    writes = details.cache_write_tokens_details or _NO_WRITES
    output = usage.output_tokens_details or _NO_OUTPUT
    total_in, total_out = usage.input_tokens or 0, usage.output_tokens or 0
    thought = output.reasoning_tokens or 0
    if usage.input_tokens is not None and usage.total_tokens is not None:
        total_in, total_out, thought = with_rest(
            usage.total_tokens,
            (total_in, total_out, thought),
            (details.cached_tokens or 0) + (details.cache_write_tokens or 0),
        )
    read, written, plain = split(total_in, details.cached_tokens, details.cache_write_tokens)
    long, short = split(written, writes.ttl_12h_tokens)
    reasoning, answer = split(total_out, thought)
    return pb.Usage(
        input_tokens=plain,
        cache_read_tokens=read,
        cache_write_tokens=short,
        cache_write_1h_tokens=long,
        output_tokens=answer,
        reasoning_tokens=reasoning,
    )
