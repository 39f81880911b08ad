"""What the provider says of the response as a whole, and for which the contract has no field.

Such as the container of a code execution or why the model stopped; it becomes
`provider_metadata`.
"""

from __future__ import annotations

import msgspec

from llmrpc_server.providers.anthropic import wire
from llmrpc_server.providers.dialect import Answer
from llmrpc_server.providers.kept_json import Fields, fields_of, plain

_READ_ELSEWHERE = frozenset(
    {"content", "delta", "error", "id", "message", "model", "role", "stop_reason", "type", "usage"}
)
_INNER = {
    "cache_creation": frozenset(wire.CacheCreation.__struct_fields__),
    "output_tokens_details": frozenset(wire.OutputDetails.__struct_fields__),
}
"""What is counted of objects in the usage."""
_COUNTED = frozenset(wire.Usage.__struct_fields__) - {"service_tier"}


def note_message(answer: Answer, provider: str, message: bytes | msgspec.Raw) -> None:
    """Notes the fields of a whole message, or of the empty one that a stream begins with."""
    fields = fields_of(message) or {}
    _note(answer, provider, fields)


def note_event(answer: Answer, provider: str, data: bytes) -> None:
    """Notes the fields of a `message_start` or a `message_delta`."""
    fields = fields_of(data) or {}
    for inner in ("message", "delta"):
        if inner in fields:
            note_message(answer, provider, fields[inner])
    _note(answer, provider, fields)


def _note(answer: Answer, provider: str, fields: Fields) -> None:
    for name, raw in fields.items():
        if name not in _READ_ELSEWHERE:
            answer.note(provider, name, plain(raw))
    usage = fields_of(fields["usage"]) if "usage" in fields else None
    for name, raw in (usage or {}).items():
        if not _is_counted(name, raw):
            answer.note(provider, name, plain(raw))


def _is_counted(name: str, raw: msgspec.Raw) -> bool:
    """Whether all of a field of the usage is in the contract's usage."""
    inner = _INNER.get(name)
    return name in _COUNTED and (inner is None or (fields_of(raw) or {}).keys() <= inner)
