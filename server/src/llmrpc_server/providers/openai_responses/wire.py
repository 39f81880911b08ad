"""The answers of Responses as they come over the wire.

A whole answer is a `Response`; a stream is a row of `Event`s, the last of which
holds one. Unknown fields, items and events are passed over. Sources:
https://developers.openai.com/api/reference/resources/responses and
https://developers.openai.com/api/reference/resources/responses/streaming-events
"""

from __future__ import annotations

from typing import Any

import msgspec

from llmrpc_server.providers.tokens import Tokens


class Text(msgspec.Struct):
    """A piece of a message, of a summary or of reasoning: its type tells which."""

    type: str = ""
    text: str | None = None
    refusal: str | None = None


class Item(msgspec.Struct):
    """A message, reasoning or a call; what it has depends on its type."""

    type: str = ""
    id: str | None = None
    content: list[Text] | None = None
    """Of a message, or of reasoning that is shown as it was thought."""
    phase: str | None = None
    """Of a message: `commentary` or `final_answer`."""
    summary: list[Text] | None = None
    encrypted_content: str | None = None
    call_id: str | None = None
    name: str | None = None
    arguments: str | None = None


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
    """Tokens, in inclusive totals and their details."""

    input_tokens: Tokens = None
    output_tokens: Tokens = None
    input_tokens_details: InputDetails | None = None
    output_tokens_details: OutputDetails | None = None


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
    """Items, for `read_item`."""
    usage: Usage | None = None
    incomplete_details: Incomplete | None = None
    error: Any = None


class Event(msgspec.Struct):
    """One event of a stream; what it has depends on its type."""

    type: str = ""
    response: Response | None = None
    item: msgspec.Raw = msgspec.Raw(b"null")
    """For `read_item`."""
    output_index: int = 0
    content_index: int = 0
    summary_index: int = 0
    delta: Any = None
    """A text, in all events that are read."""
    error: Any = None


decode_response = msgspec.json.Decoder(Response).decode
decode_event = msgspec.json.Decoder(Event).decode

_KNOWN = frozenset({"message", "reasoning", "function_call"})


class _Kind(msgspec.Struct):
    type: str | None = None


_decode_kind = msgspec.json.Decoder(_Kind | None).decode
_decode_item = msgspec.json.Decoder(Item).decode


def read_item(raw: msgspec.Raw) -> Item | None:
    """The item; None for one of a type that is passed over, whatever it looks like.

    Raises `msgspec.DecodeError` for one that is not as its type says.
    """
    kind = _decode_kind(raw)
    return _decode_item(raw) if kind is not None and kind.type in _KNOWN else None
