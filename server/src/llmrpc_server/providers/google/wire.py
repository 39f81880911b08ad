"""The answers of generateContent as they come over the wire.

A chunk of a stream has the shape of a whole answer. Unknown fields are passed over,
and each field may be missing or null. Sources:
https://ai.google.dev/api/generate-content#v1beta.GenerateContentResponse,
https://ai.google.dev/api/caching#Part and the types of the google-genai package
"""

from __future__ import annotations

from typing import Any

import msgspec

from llmrpc_server.providers.tokens import Counted, Tokens


class FunctionCall(msgspec.Struct, gc=False):
    """A call; `args` is the object as it was written."""

    id: str | None = None
    name: str | None = None
    args: msgspec.Raw = msgspec.Raw(b"{}")


class Part(msgspec.Struct, rename="camel"):
    """One part. Code that Google ran itself, and media, are passed over."""

    text: str | None = None
    thought: bool | None = None
    thought_signature: str | None = None
    function_call: FunctionCall | None = None


class Content(msgspec.Struct):
    """The parts of an answer, or the next ones."""

    parts: list[Part] | None = None


class Candidate(msgspec.Struct, rename="camel"):
    """One answer; only the first is ever asked for."""

    index: int | None = None
    content: Content | None = None
    finish_reason: str | None = None


class PromptFeedback(msgspec.Struct, rename="camel", gc=False):
    """Why a prompt was not answered."""

    block_reason: str | None = None


class Modality(msgspec.Struct, rename="camel", gc=False):
    """Tokens of one kind: TEXT, IMAGE, AUDIO, VIDEO or DOCUMENT."""

    modality: str | None = None
    token_count: Tokens = None


class Usage(msgspec.Struct, rename="camel"):
    """Tokens so far: each chunk's count holds those before it."""

    prompt_token_count: Tokens = None
    """With the cached ones."""
    tool_use_prompt_token_count: Tokens = None
    """Beside the prompt: what Google's own tools gave."""
    cached_content_token_count: Tokens = None
    candidates_token_count: Tokens = None
    thoughts_token_count: Tokens = None
    """Beside the candidates."""
    prompt_tokens_details: list[Modality] | None = None
    tool_use_prompt_tokens_details: list[Modality] | None = None
    cache_tokens_details: list[Modality] | None = None
    candidates_tokens_details: list[Modality] | None = None
    service_tier: str | None = None


class Response(msgspec.Struct, rename="camel"):
    """A whole answer, or one chunk of a stream."""

    candidates: list[Candidate] | None = None
    prompt_feedback: PromptFeedback | None = None
    usage_metadata: Usage | None = None
    model_version: str | None = None
    response_id: str | None = None
    error: Any = None
    """In place of an answer."""


class Model(msgspec.Struct, rename="camel"):
    """A model of the list."""

    name: str = ""
    input_token_limit: int | None = None
    output_token_limit: int | None = None
    supported_generation_methods: list[str] | None = None


class Models(msgspec.Struct, rename="camel"):
    """A page of the list."""

    models: list[Model] | None = None
    next_page_token: str | None = None


class Count(msgspec.Struct, rename="camel"):
    """What countTokens gives."""

    total_tokens: Counted


decode = msgspec.json.Decoder(Response).decode
decode_models = msgspec.json.Decoder(Models).decode
decode_count = msgspec.json.Decoder(Count).decode
