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

from llmrpc_server.providers.failures import UNDECODABLE
from llmrpc_server.providers.tokens import Tokens

_NULL = msgspec.Raw(b"null")


class Text(msgspec.Struct):
    """A piece of a message, of a summary or of reasoning: its type tells which."""

    type: str = ""
    text: str | None = None
    refusal: str | None = None
    annotations: msgspec.Raw = _NULL
    """For `read_list`."""


class Item(msgspec.Struct):
    """A message, reasoning or a call; what it has depends on its type."""

    type: str = ""
    id: str | None = None
    content: list[msgspec.Raw] | None = None
    """Of a message, or of reasoning that is shown as it was thought; for `read_text`."""
    phase: str | None = None
    """Of a message: `commentary` or `final_answer`."""
    summary: list[Text] | None = None
    encrypted_content: str | None = None
    call_id: str | None = None
    name: str | None = None
    arguments: str | None = None


class Trace(msgspec.Struct):
    """An item of any other type, so far as anything is done with it."""

    type: str | None = None
    id: Any = None
    call_id: Any = None
    execution: Any = None
    action: Any = None
    environment: Any = None
    container_id: Any = None
    result: Any = None
    output_format: Any = None


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
    input_tokens_details: InputDetails | None = None
    output_tokens_details: OutputDetails | None = None
    server_side_tool_usage_details: Any = None
    num_sources_used: Any = None
    cost_in_usd_ticks: Any = None


class Incomplete(msgspec.Struct):
    """Why an answer ended early."""

    reason: str | None = None


class Response(msgspec.Struct):
    """An answer, whole or so far."""

    id: str | None = None
    model: str | None = None
    status: str | None = None
    service_tier: str | None = None
    output: list[msgspec.Raw] | None = None
    """Items, for `kind_of`."""
    usage: Usage | None = None
    incomplete_details: Incomplete | None = None
    error: Any = None
    tool_usage: Any = None
    """Uses of tools that OpenAI runs, by the tool."""
    access_programs: Any = None
    content_filters: Any = None
    input_transformations: Any = None
    moderation: Any = None
    prompt_cache_diagnostics: Any = None


class Event(msgspec.Struct):
    """One event of a stream; what it has depends on its type."""

    type: str = ""
    response: Response | None = None
    item: msgspec.Raw = _NULL
    """For `kind_of`."""
    output_index: int | None = None
    content_index: int = 0
    summary_index: int = 0
    delta: Any = None
    """A text, in all events that are read."""
    part: Any = None
    annotation: msgspec.Raw = _NULL
    item_id: Any = None
    error: Any = None


decode_response = msgspec.json.Decoder(Response).decode
decode_event = msgspec.json.Decoder(Event).decode
read_item = msgspec.json.Decoder(Item).decode
read_text = msgspec.json.Decoder(Text).decode
read_trace = msgspec.json.Decoder(Trace).decode

_decode_list = msgspec.json.Decoder(list[msgspec.Raw] | None).decode
_decode_fields = msgspec.json.Decoder(dict[str, msgspec.Raw]).decode


class _Kind(msgspec.Struct):
    type: str | None = None


_decode_kind = msgspec.json.Decoder(_Kind | None).decode


def kind_of(raw: msgspec.Raw) -> str | None:
    """The type of an item; None where there is no item.

    Raises `msgspec.DecodeError` for what is no item.
    """
    kind = _decode_kind(raw)
    return None if kind is None else kind.type or ""


def read_list(raw: msgspec.Raw) -> list[msgspec.Raw]:
    """The elements of a list; none where there is no list."""
    try:
        return _decode_list(raw) or []
    except UNDECODABLE:
        return []


def read_fields(raw: msgspec.Raw | str) -> dict[str, msgspec.Raw]:
    """The fields of an object, each as the text that it was written as."""
    return _decode_fields(raw)
