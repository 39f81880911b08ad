"""The answers of Chat Completions as they come over the wire.

A whole answer and a chunk of a stream have one shape here, since they differ in
one name only: `message` and `delta`. Unknown fields are passed over, and each
field may be missing or null. Source:
https://developers.openai.com/api/docs/api-reference/chat/object, and the pages
that the rows of the registry name.
"""

from __future__ import annotations

from typing import Any

import msgspec

from llmrpc_server.providers.tokens import Tokens


class Function(msgspec.Struct, gc=False):
    """A function's name and its arguments, or the next piece of them."""

    name: str | None = None
    arguments: str | dict[str, Any] | None = None
    """Text at OpenAI; some servers send the object itself."""


class ToolCall(msgspec.Struct, gc=False):
    """A tool call, or the next piece of one."""

    index: int | None = None
    id: str | None = None
    function: Function | None = None


class ContentPart(msgspec.Struct):
    """A piece of content where content is a list, as at Mistral."""

    type: str = ""
    text: str | None = None
    thinking: list[ContentPart] | str | None = None
    signature: str | None = None


class Message(msgspec.Struct):
    """The answer, or the next piece of it."""

    content: str | list[ContentPart] | None = None
    refusal: str | None = None
    reasoning_content: str | None = None
    reasoning: str | None = None
    reasoning_details: list[dict[str, Any]] | None = None
    tool_calls: list[ToolCall] | None = None
    function_call: Function | None = None
    """A lone call, from before there were tools."""


class Choice(msgspec.Struct):
    """One answer; only the first is ever asked for."""

    index: int = 0
    message: Message | None = None
    delta: Message | None = None
    finish_reason: str | None = None
    error: Any = None


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
    total_tokens: int | None = None
    prompt_tokens_details: PromptDetails | None = None
    completion_tokens_details: CompletionDetails | None = None
    prompt_cache_hit_tokens: Tokens = None
    """DeepSeek's name of the cached tokens."""
    num_cached_tokens: Tokens = None
    """Mistral's name of the cached tokens."""


class GroqExtra(msgspec.Struct):
    """Groq's own corner of a chunk."""

    usage: Usage | None = None
    error: Any = None


class Completion(msgspec.Struct):
    """A whole answer, or one chunk of a stream."""

    id: str | None = None
    object: str | None = None
    model: str | None = None
    service_tier: str | None = None
    choices: list[Choice] | None = None
    usage: Usage | None = None
    x_groq: GroqExtra | None = None
    error: Any = None
    """An object or a text, in place of an answer."""


decode = msgspec.json.Decoder(Completion).decode
