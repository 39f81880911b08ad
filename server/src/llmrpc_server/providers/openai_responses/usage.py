"""Tokens as Responses counts them, put into disjoint buckets."""

from __future__ import annotations

from llmrpc import v1 as pb
from llmrpc_server.providers.openai_responses import wire
from llmrpc_server.providers.tokens import split

_NO_INPUT = wire.InputDetails()
_NO_WRITES = wire.WriteDetails()
_NO_OUTPUT = wire.OutputDetails()


def disjoint(usage: wire.Usage | None) -> pb.Usage | None:
    """The buckets, whose sums are the provider's own totals; None where it has none.

    Tokens that were read from the cache or written to it are inside the input,
    those for twelve hours inside the written ones, reasoning inside the output.
    """
    if usage is None or (usage.input_tokens is None and usage.output_tokens is None):
        return None
    details = usage.input_tokens_details or _NO_INPUT
    writes = details.cache_write_tokens_details or _NO_WRITES
    output = usage.output_tokens_details or _NO_OUTPUT
    read, written, plain = split(
        usage.input_tokens or 0, details.cached_tokens, details.cache_write_tokens
    )
    long, short = split(written, writes.ttl_12h_tokens)
    reasoning, answer = split(usage.output_tokens or 0, output.reasoning_tokens)
    return pb.Usage(
        input_tokens=plain,
        cache_read_tokens=read,
        cache_write_tokens=short,
        cache_write_1h_tokens=long,
        output_tokens=answer,
        reasoning_tokens=reasoning,
    )
