"""The answers of Responses as they come over the wire.

A whole answer is a `Response`; a stream is a row of `Event`s, the last of which
holds one. What is no text, such as citations and counts of tools, is read
leniently: it never costs an answer. Sources:
https://developers.openai.com/api/reference/resources/responses and
https://developers.openai.com/api/reference/resources/responses/streaming-events
"""

from __future__ import annotations

from typing import Any

import msgspec
from msgspec import Raw

from llmrpc_server.providers.kept_json import NOTHING, string
from llmrpc_server.providers.loose import Path, read_loosely
from llmrpc_server.providers.openai_family.fields import NULL, object_of
from llmrpc_server.providers.tokens import Counted, Tokens

_CONTENT = frozenset({"arguments", "content", "delta", "item", "name", "output", "summary", "type"})
"""Fields without which an answer is not what the model wrote."""


class Text(msgspec.Struct):
    """A piece of a message, of a summary or of reasoning: its type tells which."""

    type: Raw = NOTHING
    text: Raw = NOTHING
    refusal: Raw = NOTHING
    annotations: Raw = NOTHING
    logprobs: Raw = NOTHING


class Item(msgspec.Struct):
    """A message, reasoning or a call; what it has depends on its type."""

    type: str = ""
    id: str | None = None
    content: list[Raw] | str | None = None
    """Of a message, or of reasoning that is shown as it was thought; for `read_text`."""
    phase: str | None = None
    """Of a message: `commentary` or `final_answer`."""
    summary: list[Raw] | None = None
    """For `read_text`."""
    encrypted_content: str | None = None
    call_id: str | None = None
    name: str | None = None
    arguments: Raw = NOTHING
    """For `arguments_of`."""


class Trace(msgspec.Struct):
    """An item of any other type, so far as anything is done with it."""

    type: Raw = NOTHING
    id: Raw = NOTHING
    call_id: Raw = NOTHING
    execution: Raw = NOTHING
    action: Raw = NOTHING
    environment: Raw = NOTHING
    container_id: Raw = NOTHING
    result: Raw = NOTHING
    output_format: Raw = NOTHING


class WriteDetails(msgspec.Struct, gc=False):
    """For how long written tokens are kept."""

    ttl_12h_tokens: Tokens = None


class InputDetails(msgspec.Struct, gc=False):
    """What the input's tokens were."""

    cached_tokens: Tokens = None
    cache_write_tokens: Tokens = None
    cache_write_tokens_details: WriteDetails | None = None


class OutputDetails(msgspec.Struct, gc=False):
    """What the output's tokens were."""

    reasoning_tokens: Tokens = None


class Usage(msgspec.Struct):
    """Tokens, in inclusive totals and their details; with xAI also tools and the cost."""

    input_tokens: Tokens = None
    output_tokens: Tokens = None
    total_tokens: Counted | None = None
    input_tokens_details: InputDetails | None = None
    output_tokens_details: OutputDetails | None = None
    server_side_tool_usage_details: Raw = NOTHING
    num_sources_used: Raw = NOTHING
    cost_in_usd_ticks: Raw = NOTHING


class Incomplete(msgspec.Struct):
    """Why an answer ended early."""

    reason: str | None = None


class Response(msgspec.Struct):
    """An answer, whole or so far."""

    id: str | None = None
    model: str | None = None
    status: str | None = None
    service_tier: str | None = None
    output: list[Raw] | None = None
    """Items, for `kind_of`."""
    output_text: str | None = None
    """All texts, as some servers tell them beside the items, or alone."""
    usage: Usage | None = None
    incomplete_details: Incomplete | None = None
    error: Any = None
    tool_usage: Raw = NOTHING
    """Uses of tools that OpenAI runs, by the tool."""
    access_programs: Raw = NOTHING
    content_filters: Raw = NOTHING
    input_transformations: Raw = NOTHING
    moderation: Raw = NOTHING
    prompt_cache_diagnostics: Raw = NOTHING


class Event(msgspec.Struct):
    """One event of a stream; what it has depends on its type."""

    type: str = ""
    response: Response | None = None
    item: Raw = NULL
    """For `kind_of`."""
    output_index: int | None = None
    content_index: int | None = None
    summary_index: int | None = None
    delta: Any = None
    """A text, in all events that are read."""
    text: Raw = NOTHING
    """A whole text, where a piece of content ends; so are the next two."""
    refusal: Raw = NOTHING
    arguments: Raw = NOTHING
    part: Raw = NOTHING
    annotation: Raw = NULL
    item_id: Raw = NOTHING
    error: Any = None


_decode_response = msgspec.json.Decoder(Response).decode
decode_plain_event = msgspec.json.Decoder(Event).decode
"""An event without anything odd. Raises what `UNDECODABLE` names for others."""
_decode_item = msgspec.json.Decoder(Item).decode


def decode_response(body: bytes) -> tuple[Response, list[Path]]:
    """A whole answer, and the paths of what was left out of it.

    Raises what `UNDECODABLE` names, as do the next two.
    """
    try:
        return _decode_response(body), []
    except msgspec.ValidationError:
        return read_loosely(body, Response, _CONTENT, empty=True)


def decode_event(data: bytes) -> tuple[Event, list[Path]]:
    """An event, and the paths of what was left out of it."""
    try:
        return decode_plain_event(data), []
    except msgspec.ValidationError:
        return read_loosely(data, Event, _CONTENT, empty=True)


def read_item(raw: Raw) -> tuple[Item, list[Path]]:
    """An item, and the paths of what was left out of it."""
    try:
        return _decode_item(raw), []
    except msgspec.ValidationError:
        return read_loosely(raw, Item, _CONTENT, empty=True)


read_text = msgspec.json.Decoder(Text).decode
read_trace = msgspec.json.Decoder(Trace).decode


class _Kind(msgspec.Struct):
    type: str | None = None


_decode_kind = msgspec.json.Decoder(_Kind | None).decode


def kind_of(raw: Raw | bytes) -> str | None:
    """The type of an item; None where there is no item.

    Raises `msgspec.DecodeError` for what is no item.
    """
    kind = _decode_kind(raw)
    return None if kind is None else kind.type or ""


def message_of(text: str) -> Raw:
    """The item of a message that holds a text and nothing else."""
    content = [{"type": "output_text", "text": text}]
    return Raw(msgspec.json.encode({"type": "message", "role": "assistant", "content": content}))


def type_of(part: Raw) -> str:
    """The type of a piece; empty for anything else."""
    return string(object_of(part).get("type", NOTHING))
