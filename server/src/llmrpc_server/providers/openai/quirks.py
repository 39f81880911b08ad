"""What a row may say about its own way with Chat Completions.

The keys of `Row.quirks` are the fields of `Quirks`, with those that both dialects of
OpenAI have; the defaults are OpenAI's ways. Beside them stand `Row.lacks` and
`Model.lacks`, whose entries are request fields, or places inside them written with dots
and without indices:

    top_k                       a field of GenerateRequest
    tools.function.strict       also response_format.json_schema.strict
    tool_choice.named           also .none, .required, .parallel
    response_format.json_schema
    messages.parts.image        also .audio, .document, .image.detail,
                                .image.uri (an address that is no data URL),
                                .document.data, .cache_breakpoint
    messages.parts.refusal      it is sent as text, with a warning
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

import msgspec

from llmrpc_server.providers.openai_family.quirks import FamilyQuirks, Model
from llmrpc_server.providers.target import Target

SendReasoning = Literal["", "reasoning_content", "reasoning", "thinking", "details"]


class Quirks(FamilyQuirks, frozen=True, forbid_unknown_fields=True):
    """A row's ways, checked once when its dialect is made."""

    # --- requests ---
    max_tokens: str = "max_completion_tokens"
    """The field that bounds the answer."""
    seed: str = "seed"
    """The field of the seed."""
    stream_usage: bool = True
    """Whether a stream reports usage only when `stream_options` asks for it."""
    no_reasoning: dict[str, Any] = {}  # noqa: RUF012 - a struct copies it
    """Fields that switch reasoning off where `reasoning_effort` has no `none`."""
    budget: tuple[str, ...] = ()
    """The path of the field that bounds reasoning in tokens; none: there is none."""
    send_reasoning: SendReasoning = ""
    """Where reasoning of earlier turns goes: a field of the message, content
    parts of the type `thinking`, or `reasoning_details`; empty: nowhere."""
    reasoning_with_calls: bool = False
    """Whether a message with tool calls must have the field, empty if need be; so must every
    message of the model, if the request has tools. Source:
    https://api-docs.deepseek.com/guides/thinking_mode#tool-calls"""
    tool_call_id: str = ""
    """`alphanumeric9`: other ids are replaced by nine letters and digits."""
    strict_order: bool = False
    """Whether empty messages of the model and some orders are refused: see `order.py`."""
    tool_result_name: bool = False
    """Whether a tool message names its tool."""
    audio_formats: frozenset[str] = frozenset({"wav", "mp3"})
    audio: Literal["object", "text"] = "object"
    """Whether `input_audio` is an object with data and format, or the data."""
    document: Literal["file", "document_url"] = "file"
    """The type of a document's content part."""
    document_uri: bool = False
    """Whether a `file` part may hold an address in place of the data."""
    cache_breakpoint: Literal["", "prompt_cache_breakpoint", "cache_control"] = ""
    """The field of a content part that marks a cache breakpoint."""

    tool_cache: bool = False
    """Whether a function may have the field `cache_breakpoint` too."""
    end_user: str = ""
    """The field that names the end user; empty: there is none."""
    modalities: tuple[Literal["text", "image"], ...] = ()
    """The values of `modalities`; empty: the answer is text, and nothing asks for it."""
    blocks: dict[str, Literal["annotations", "content", "reasoning_steps", "tool_calls"]] = {}  # noqa: RUF012 - a struct copies it
    """The field of a message of the model that a provider block goes back into, by its
    type, `*` for any other; without one it is left out."""
    assistant_images: bool = False
    """Whether a message of the model may have pictures, in its field `images`."""
    send_annotations: bool = False
    """Whether a message of the model may have its annotations."""

    @property
    def other_efforts(self) -> frozenset[str]:
        return frozenset({"none"}) if self.no_reasoning else frozenset()


OpenAITarget = Target[Quirks, Model]


def read_quirks(quirks: Mapping[str, object]) -> Quirks:
    """Raises `msgspec.ValidationError` naming a key that is unknown or wrong."""
    return msgspec.convert(dict(quirks), Quirks)
