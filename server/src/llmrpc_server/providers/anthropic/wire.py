"""The answers of the Messages API as they come over the wire.

A whole answer and the events of a stream are read into the same shapes. Blocks stay
undecoded, since those without a place in the contract go back as they came. Unknown
fields are passed over, and each field may be missing or null; those of an odd type that
only describe the answer are left out. Sources:
https://platform.claude.com/docs/en/api/messages/create,
https://platform.claude.com/docs/en/build-with-claude/streaming
"""

from __future__ import annotations

import msgspec

from llmrpc_server.providers.kept_json import NOTHING
from llmrpc_server.providers.loose import Path, read_loosely
from llmrpc_server.providers.tokens import Tokens

_CONTENT = frozenset({"content", "partial_json", "text", "thinking"})
"""Fields without which an answer is not what the model wrote."""


class CacheCreation(msgspec.Struct, gc=False):
    """What was written to the cache, by lifetime."""

    ephemeral_5m_input_tokens: Tokens = None
    ephemeral_1h_input_tokens: Tokens = None


class OutputDetails(msgspec.Struct, gc=False):
    """What the answer's tokens were."""

    thinking_tokens: Tokens = None


class Usage(msgspec.Struct):
    """Tokens so far; in an event a field that is missing is as it was."""

    input_tokens: Tokens = None
    """Input that is neither read from the cache nor written to it."""
    cache_read_input_tokens: Tokens = None
    cache_creation_input_tokens: Tokens = None
    cache_creation: CacheCreation | None = None
    output_tokens: Tokens = None
    """All output, thinking included."""
    output_tokens_details: OutputDetails | None = None
    service_tier: str | None = None
    server_tool_use: msgspec.Raw = NOTHING
    """Uses of the provider's own tools, by its names for them."""


class Typed(msgspec.Struct):
    """What every block and event says of itself."""

    type: str = ""


class Block(msgspec.Struct):
    """A piece of content of one of the types that the contract has a place for."""

    type: str = ""
    text: str | None = None
    thinking: str | None = None
    signature: str | None = None
    data: str | None = None
    id: str | None = None
    name: str | None = None
    citations: msgspec.Raw = NOTHING


class Identified(msgspec.Struct):
    """What is read of a block that the contract has no kind for."""

    id: msgspec.Raw = NOTHING


class Delta(msgspec.Struct, forbid_unknown_fields=True):
    """What is added to a block, or what an answer ended with."""

    type: str = ""
    text: str | None = None
    thinking: str | None = None
    signature: str | None = None
    partial_json: str | None = None
    citation: msgspec.Raw = NOTHING
    stop_reason: str | None = None
    stop_details: msgspec.Raw = NOTHING


class Message(msgspec.Struct):
    """A whole answer, or the empty one that a stream begins with."""

    type: str = ""
    id: str | None = None
    model: str | None = None
    content: list[msgspec.Raw] | None = None
    stop_reason: str | None = None
    stop_details: msgspec.Raw = NOTHING
    """Why the model declined to respond, for a person."""
    usage: Usage | None = None
    error: msgspec.Raw = NOTHING
    """An error, in place of an answer."""


class LooseDelta(Delta, forbid_unknown_fields=False):
    """One with fields that are not known."""


class Event(msgspec.Struct, forbid_unknown_fields=True):
    """One event of a stream."""

    type: str = ""
    index: int | float | str | None = 0
    message: Message | None = None
    content_block: msgspec.Raw = NOTHING
    delta: Delta | None = None
    usage: Usage | None = None
    error: msgspec.Raw = NOTHING


class LooseEvent(Event, forbid_unknown_fields=False):
    """One with fields that are not known, or whose delta has such."""

    delta: LooseDelta | None = None


_message = msgspec.json.Decoder(Message).decode
decode_plain_event = msgspec.json.Decoder(Event).decode
"""One in which all is as it should be."""
_loose_event = msgspec.json.Decoder(LooseEvent).decode
decode_block = msgspec.json.Decoder(Block).decode
decode_id = msgspec.json.Decoder(Identified).decode
decode_list = msgspec.json.Decoder(list[msgspec.Raw] | None).decode
decode_type = msgspec.json.Decoder(Typed).decode


def decode_message(data: bytes) -> tuple[Message, list[Path]]:
    """The message, and the fields that could not be read."""
    try:
        return _message(data), []
    except msgspec.ValidationError:
        return read_loosely(data, Message, _CONTENT)


def decode_event(data: bytes) -> tuple[Event, list[Path], bool]:
    """The event, the fields that could not be read, and whether others are unknown."""
    try:
        return decode_plain_event(data), [], False
    except msgspec.ValidationError:
        pass
    try:
        return _loose_event(data), [], True
    except msgspec.ValidationError:
        event, left_out = read_loosely(data, Event, _CONTENT)
    lost = {"type", "delta.type"}
    if event.type == "content_block_delta":
        lost.add("delta")
    if lost & {*left_out}:
        raise msgspec.ValidationError(", ".join(left_out))
    return event, left_out, True
