"""Tokens as Google counts them, put into disjoint buckets."""

from __future__ import annotations

from collections.abc import Iterable

from llmrpc import v1 as pb
from llmrpc_server.providers.google import wire
from llmrpc_server.providers.kept_json import plain
from llmrpc_server.providers.tokens import MOST, is_count, split


def disjoint(usage: wire.Usage | None) -> pb.Usage | None:
    """The buckets; None where no count is told.

    A total that is more than its parts is evidence of thoughts that were not itemised.
    Cached tokens are inside the prompt's, by modality too; those of Google's own
    tools and of thoughts are beside. Video and documents have no bucket of their
    own. Details that claim more than their total are cut to it.
    """
    if usage is None or (usage.prompt_token_count is None and not usage.candidates_token_count):
        return None
    if _is_plain(usage):  # as in nearly every chunk of a stream
        return pb.Usage(
            input_tokens=(usage.prompt_token_count or 0) + (usage.tool_use_prompt_token_count or 0),
            output_tokens=usage.candidates_token_count or 0,
            reasoning_tokens=_thoughts(usage),
        )
    cached_audio, cached = split(
        usage.cached_content_token_count or 0, _of("AUDIO", usage.cache_tokens_details)
    )
    cached_image = min(_of("IMAGE", usage.cache_tokens_details), cached)
    details = (*(usage.prompt_tokens_details or ()), *(usage.tool_use_prompt_tokens_details or ()))
    prompt = split(
        (usage.prompt_token_count or 0) + (usage.tool_use_prompt_token_count or 0),
        cached_audio,
        cached,
        max(0, _of("AUDIO", details) - cached_audio),
        max(0, _of("IMAGE", details) - cached_image),
    )
    answer = split(
        usage.candidates_token_count or 0,
        _of("AUDIO", usage.candidates_tokens_details),
        _of("IMAGE", usage.candidates_tokens_details),
    )
    return pb.Usage(
        input_tokens=prompt[-1],
        cache_read_audio_tokens=prompt[0],
        cache_read_tokens=prompt[1],
        input_audio_tokens=prompt[2],
        input_image_tokens=prompt[3],
        output_tokens=answer[-1],
        output_audio_tokens=answer[0],
        output_image_tokens=answer[1],
        reasoning_tokens=_thoughts(usage),
    )


def _is_plain(usage: wire.Usage) -> bool:
    """Whether all tokens are those of texts, and none came from a cache."""
    return not usage.cached_content_token_count and all(
        not details or (len(details) == 1 and details[0].modality == "TEXT")
        for details in (
            usage.prompt_tokens_details,
            usage.tool_use_prompt_tokens_details,
            usage.candidates_tokens_details,
        )
    )


def _thoughts(usage: wire.Usage) -> int:
    prompt, written = usage.prompt_token_count, usage.candidates_token_count
    if usage.thoughts_token_count is not None:
        return usage.thoughts_token_count
    if not written or prompt is None:
        return 0
    total = plain(usage.total_token_count)
    rest = (
        total - prompt - written - (usage.tool_use_prompt_token_count or 0)
        if is_count(total)
        else 0
    )
    return rest if 0 < rest <= MOST else 0


def _of(modality: str, details: Iterable[wire.Modality] | None) -> int:
    count = 0
    for each in details or ():
        if each.modality == modality:
            count += each.token_count or 0
    return count
