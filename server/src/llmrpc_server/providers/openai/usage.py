"""Tokens as the provider counts them, put into disjoint buckets."""

from __future__ import annotations

from msgspec import Raw

from llmrpc import v1 as pb
from llmrpc_server.providers.kept_json import NOTHING, came
from llmrpc_server.providers.openai.wire_usage import CompletionDetails, PromptDetails, Usage
from llmrpc_server.providers.openai_family.fields import count_of, object_of
from llmrpc_server.providers.openai_family.totals import with_rest
from llmrpc_server.providers.tokens import MOST, split

_NO_PROMPT = PromptDetails()
_NO_COMPLETION = CompletionDetails()


def disjoint(usage: Usage | None) -> pb.Usage | None:
    """The buckets, whose sums are the provider's own totals; None where it has none.

    Cached, written, audio, image and reasoning tokens are inside the totals, so
    the rest is what they leave. Details that claim more than their total are cut
    to it. What total_tokens has beside its two parts was counted apart: reasoning, as at
    xAI, or where it is just as much, cached input. Perplexity bills reasoning and what it
    read of its sources beside its totals: they are output and input.
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
    reasoning, audio = completion.reasoning_tokens or 0, prompt.audio_tokens
    if came(usage.citation_tokens) or came(usage.num_search_queries):
        total_in += _count(usage.citation_tokens)
        reasoning += _count(usage.reasoning_tokens)
        total_out += _count(usage.reasoning_tokens)
    elif usage.prompt_tokens is not None and usage.total_tokens is not None:
        total = usage.total_tokens
        rest = total - total_in - total_out
        if rest > 0 and came(usage.prompt_audio_seconds):
            total_in, audio = total_in + rest, (audio or 0) + rest
        cached = (read or 0) + (prompt.cache_write_tokens or 0)
        total_in, total_out, reasoning = with_rest(total, (total_in, total_out, reasoning), cached)
    inputs = split(total_in, read, prompt.cache_write_tokens, audio, prompt.image_tokens)
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
        tool_uses=_tool_uses(usage),
    )


def _tool_uses(usage: Usage) -> dict[str, int]:
    """The billed uses of tools, by the provider's names.

    OpenRouter also counts every call of its tools, which has no price of its own: that
    is `provider_metadata`.
    """
    details = object_of(usage.server_tool_use_details) or object_of(usage.server_tool_use)
    uses = {
        "web_search_requests": _count(details.get("web_search_requests", NOTHING)),
        "num_search_queries": _count(usage.num_search_queries),
        "num_sources_used": _count(usage.num_sources_used),
    }
    return {name: uses[name] for name in uses if uses[name]}


def _count(raw: Raw) -> int:
    """A count that a provider reports; 0 for anything else, since an answer is worth more."""
    count = count_of(raw) if raw else None
    return count if count is not None and count <= MOST else 0
