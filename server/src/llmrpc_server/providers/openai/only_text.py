"""Chunks of a stream that are a piece of text and nothing else: nearly all are such."""

from __future__ import annotations

from msgspec import Raw

from llmrpc_server.providers.openai import wire
from llmrpc_server.providers.openai_family.fields import NULL

_NO_DETAILS = (NULL, Raw(b"[]"))


def only_text(said: wire.Completion, filtered: Raw, index: int | None) -> str | None:
    """The piece of text; None for a chunk that says anything else.

    `filtered` are the results of Azure's filters that are known already, `index` is that of
    the answer.
    """
    choices = said.choices
    if choices is None or len(choices) != 1:
        return None
    choice = choices[0]
    delta = choice.delta
    if (
        delta is None
        or type(delta.content) is not str
        or delta.tool_calls
        or delta.reasoning_content
        or delta.reasoning
        or (delta.reasoning_details and delta.reasoning_details not in _NO_DETAILS)
        or delta.refusal
        or delta.function_call
        or delta.annotations
        or delta.executed_tools
        or delta.images
        or delta.reasoning_steps
        or (choice.message is not None and repeats(choice.message))
        or (choice.index is not None and choice.index != index)
        or choice.finish_reason
        or (choice.text and not delta.content)
        or choice.usage
        or choice.error
        or (choice.logprobs and choice.logprobs != NULL)
        or said.error
        or said.usage
        or said.x_groq
        or said.citations
        or said.search_results
        or said.related_questions
        or said.images
        or said.videos
        or said.usage_breakdown
        or said.mcp_list_tools
        or said.moderation
        or said.prompt_filter_results
        or said.object == "error"
        or (choice.content_filter_results or filtered) != filtered
    ):
        return None
    return delta.content


def repeats(message: wire.Message) -> bool:
    """Whether an aggregated message has anything that pieces might not have had."""
    return bool(
        message.annotations or message.executed_tools or message.images or message.reasoning_steps
    )
