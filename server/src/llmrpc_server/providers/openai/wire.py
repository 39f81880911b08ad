"""The answers of Chat Completions as they come over the wire.

A whole answer and a chunk of a stream have one shape here, since they differ in
one name only: `message` and `delta`. Each field may be missing or null. Unknown
fields are passed over, but `decode` refuses a message that has any, so that
`decode_any` and `raw_message` can name them. Fields of an odd type that only describe
the answer are left out, and named. Source:
https://developers.openai.com/api/docs/api-reference/chat/object, and the pages
that the rows of the registry name.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import msgspec
from msgspec import Raw

from llmrpc_server.providers.kept_json import NOTHING, Fields, fields_of
from llmrpc_server.providers.loose import Path, read_loosely
from llmrpc_server.providers.openai.wire_usage import Usage
from llmrpc_server.providers.openai_family.fields import list_of

_CONTENT = frozenset(
    {"arguments", "choices", "content", "delta", "function", "function_call", "input", "message"}
    | {"name", "reasoning_content", "refusal", "text", "tool_calls"}
)
"""Fields without which an answer is not what the model wrote."""


class Function(msgspec.Struct, gc=False):
    """A function's name and its arguments, or the next piece of them."""

    name: str | None = None
    arguments: Raw = NOTHING
    """Text at OpenAI; some servers send the object itself. For `arguments_of`."""


class Custom(msgspec.Struct, gc=False):
    """A custom tool's name and its input, which is plain text, or the next piece of it."""

    name: str | None = None
    input: str | None = None


_NO_CUSTOM = Custom()
_FUNCTIONS = (None, "", "function")
_DIGITS = 10
"""An index has fewer."""


class ToolCall(msgspec.Struct, gc=False):
    """A tool call, or the next piece of one."""

    index: Any = None
    """For `number`."""
    id: str | None = None
    type: Any = None
    function: Function | None = None
    custom: Custom | None = None

    @property
    def number(self) -> int | None:
        """Its index; some servers write it as text. None for what is none."""
        index = self.index
        if type(index) is int or index is None:
            return index
        is_number = isinstance(index, float) and index.is_integer()
        is_text = isinstance(index, str) and len(index) < _DIGITS and index.isdecimal()
        return int(index) if is_number or is_text else None

    @property
    def other_type(self) -> str:
        """Its type, where it is no call of a function: some servers send an empty custom one."""
        if self.custom is not None and self.custom != _NO_CUSTOM:
            return "custom"
        named = isinstance(self.type, str) and self.type not in _FUNCTIONS
        return self.type if named and self.function is None else ""

    @property
    def is_odd(self) -> bool:
        """Whether it is looked at once more, as it came."""
        return bool(self.other_type) or self.type not in _FUNCTIONS


class ContentPart(msgspec.Struct):
    """A piece of content where content is a list, as at Mistral."""

    type: str = ""
    text: str | None = None
    refusal: str | None = None
    thinking: Any = None
    """Reasoning, for `thoughts.py`; so are the others, at Databricks."""
    summary: Any = None
    content: Any = None
    signature: str | None = None


class Message(msgspec.Struct):
    """The answer, or the next piece of it."""

    content: str | Sequence[ContentPart | str] | None = None
    refusal: str | None = None
    reasoning_content: Any = None
    """Reasoning, for `thoughts.py`."""
    reasoning: Any = None
    """The same."""
    reasoning_details: Raw = NOTHING
    """Reasoning that goes back as it came, at OpenRouter."""
    tool_calls: Sequence[ToolCall] | None = None
    function_call: Function | None = None
    """A lone call, from before there were tools."""
    annotations: Raw = NOTHING
    """Citations: OpenAI, OpenRouter, Groq."""
    images: Raw = NOTHING
    """Pictures, at OpenRouter."""
    executed_tools: Raw = NOTHING
    """What tools of the provider did, at Groq."""
    reasoning_steps: Raw = NOTHING
    """What tools of the provider did, at Perplexity."""


class KnownFunction(Function, forbid_unknown_fields=True, gc=False):
    """A function of a call without anything else."""


class KnownCall(ToolCall, forbid_unknown_fields=True, gc=False):
    """A call without anything else."""

    function: KnownFunction | None = None


class KnownPart(ContentPart, forbid_unknown_fields=True):
    """A piece of content without anything else, except what has no content."""

    closed: Any = None
    """Whether more is to come of a thought."""


KNOWN_OF_PART = frozenset(KnownPart.__struct_fields__)


class Known(Message, forbid_unknown_fields=True):
    """A message without anything that would be passed over, except what has no content."""

    content: str | Sequence[KnownPart | str] | None = None
    tool_calls: Sequence[KnownCall] | None = None
    function_call: KnownFunction | None = None
    role: Any = None
    name: Any = None
    id: Any = None
    index: Any = None
    prefix: Any = None
    token_id: Any = None
    tool_call_id: Any = None


KNOWN = frozenset(Known.__struct_fields__)
"""The fields that a message may have without a warning."""


class Choice(msgspec.Struct):
    """One answer; only the first is ever asked for."""

    index: Any = None
    """For `number_of`."""
    message: Message | None = None
    delta: Message | None = None
    text: str | None = None
    """The answer, or its next piece, in the shape of the older completions."""
    finish_reason: Any = None
    """A word; anything else is an end all the same."""
    error: Any = None
    usage: Usage | None = None
    """At Moonshot, in a stream."""
    logprobs: Raw = NOTHING
    content_filter_results: Raw = NOTHING
    """What Azure's filters found."""
    native_finish_reason: Raw = NOTHING
    """The finish reason of the provider behind OpenRouter."""
    stop_reason: Raw = NOTHING
    """The stop text or token that ended the answer, at vLLM."""


class GroqExtra(msgspec.Struct):
    """Groq's own corner of a chunk."""

    usage: Usage | None = None
    usage_breakdown: Raw = NOTHING
    error: Any = None


class Completion(msgspec.Struct):
    """A whole answer, or one chunk of a stream."""

    id: str | None = None
    object: Any = None
    model: str | None = None
    service_tier: str | None = None
    choices: Sequence[Choice] | None = None
    usage: Usage | None = None
    x_groq: GroqExtra | None = None
    error: Any = None
    """An object or a text, in place of an answer."""
    citations: Raw = NOTHING
    """Addresses of the sources: Perplexity, xAI."""
    search_results: Raw = NOTHING
    """The sources with their titles, at Perplexity."""
    system_fingerprint: Raw = NOTHING
    provider: Raw = NOTHING
    images: Raw = NOTHING
    videos: Raw = NOTHING
    related_questions: Raw = NOTHING
    usage_breakdown: Raw = NOTHING
    mcp_list_tools: Raw = NOTHING
    moderation: Raw = NOTHING
    prompt_filter_results: Raw = NOTHING


class KnownChoice(Choice):
    """A choice without anything that would be passed over."""

    message: Known | None = None
    delta: Known | None = None


class KnownCompletion(Completion):
    """An answer, or a chunk, without anything that would be passed over."""

    choices: Sequence[KnownChoice] | None = None


decode: Callable[[bytes], Completion] = msgspec.json.Decoder(KnownCompletion).decode
_decode_any = msgspec.json.Decoder(Completion).decode


def decode_any(body: bytes) -> tuple[Completion, list[Path]]:
    """The answer or chunk, and the paths of the fields that were left out of it.

    Raises what `UNDECODABLE` names.
    """
    try:
        return _decode_any(body), []
    except msgspec.ValidationError:
        return read_loosely(body, Completion, _CONTENT, empty=True)


def raw_choice(body: bytes, place: int) -> Fields:
    """The fields of a choice, as they came."""
    choices = list_of((fields_of(body) or {}).get("choices", NOTHING)) or []
    return (fields_of(choices[place]) or {}) if place < len(choices) else {}


_HIGHEST = 1 << 16


def number_of(index: Any) -> int | None:
    """The number of a choice; None for what is none."""
    return index if type(index) is int and 0 <= index < _HIGHEST else None
