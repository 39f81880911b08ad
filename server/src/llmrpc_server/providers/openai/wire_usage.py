"""The usage of Chat Completions as it comes over the wire. Each field may be missing or null."""

from __future__ import annotations

import msgspec
from msgspec import Raw

from llmrpc_server.providers.kept_json import NOTHING
from llmrpc_server.providers.tokens import Counted, Tokens


class PromptDetails(msgspec.Struct, gc=False):
    """What the prompt's tokens were."""

    cached_tokens: Tokens = None
    cache_write_tokens: Tokens = None
    audio_tokens: Tokens = None
    image_tokens: Tokens = None


class CompletionDetails(msgspec.Struct, gc=False):
    """What the answer's tokens were."""

    reasoning_tokens: Tokens = None
    audio_tokens: Tokens = None
    image_tokens: Tokens = None


class Usage(msgspec.Struct):
    """Tokens, in inclusive totals and their details."""

    prompt_tokens: Tokens = None
    completion_tokens: Tokens = None
    total_tokens: Counted | None = None
    prompt_tokens_details: PromptDetails | None = None
    completion_tokens_details: CompletionDetails | None = None
    prompt_cache_hit_tokens: Tokens = None
    """DeepSeek's name of the cached tokens."""
    prompt_audio_seconds: Raw = NOTHING
    """How long Mistral listened; the tokens of that are in its total alone."""
    num_cached_tokens: Tokens = None
    """Mistral's name of the cached tokens."""
    reasoning_tokens: Raw = NOTHING
    """Perplexity's reasoning, which its completion_tokens do not have."""
    citation_tokens: Raw = NOTHING
    """What Perplexity read of its sources, which its prompt_tokens do not have."""
    num_search_queries: Raw = NOTHING
    num_sources_used: Raw = NOTHING
    server_tool_use: Raw = NOTHING
    server_tool_use_details: Raw = NOTHING
    cost: Raw = NOTHING
    cost_details: Raw = NOTHING
    cost_in_usd_ticks: Raw = NOTHING
    is_byok: Raw = NOTHING
    search_context_size: Raw = NOTHING
