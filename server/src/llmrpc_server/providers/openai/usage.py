"""Tokens as the provider counts them, put into disjoint buckets."""

from __future__ import annotations

from llmrpc import v1 as pb
from llmrpc_server.providers.openai import wire
from llmrpc_server.providers.tokens import split

_NO_PROMPT = wire.PromptDetails()
_NO_COMPLETION = wire.CompletionDetails()


def disjoint(usage: wire.Usage | None) -> pb.Usage | None:
    """The buckets, whose sums are the provider's own totals; None where it has none.

    Cached, written, audio, image and reasoning tokens are inside the totals, so
    the rest is what they leave. Details that claim more than their total are cut
    to it. Where total_tokens counts reasoning beside completion_tokens, as at
    xAI, it is added to the output.
    """
    if usage is None or (usage.prompt_tokens is None and usage.completion_tokens is None):
        return None
    prompt = usage.prompt_tokens_details or _NO_PROMPT
    completion = usage.completion_tokens_details or _NO_COMPLETION
    read = prompt.cached_tokens
    if read is None:
        read = usage.prompt_cache_hit_tokens
    if read is None:
        read = usage.num_cached_tokens
    total_in = usage.prompt_tokens or 0
    total_out = usage.completion_tokens or 0
    reasoning = completion.reasoning_tokens or 0
    if reasoning > 0 and usage.total_tokens == total_in + total_out + reasoning:
        total_out += reasoning
    inputs = split(
        total_in, read, prompt.cache_write_tokens, prompt.audio_tokens, prompt.image_tokens
    )
    outputs = split(total_out, reasoning, completion.audio_tokens, completion.image_tokens)
    return pb.Usage(
        input_tokens=inputs[-1],
        cache_read_tokens=inputs[0],
        cache_write_tokens=inputs[1],
        input_audio_tokens=inputs[2],
        input_image_tokens=inputs[3],
        output_tokens=outputs[-1],
        reasoning_tokens=outputs[0],
        output_audio_tokens=outputs[1],
        output_image_tokens=outputs[2],
    )
