"""Bodies and streams of the Messages API, made for a test."""

from __future__ import annotations

import json
from typing import Any

from llmrpc_server.providers.anthropic import AnthropicDialect
from llmrpc_server.providers.registry import ROWS

DIALECT = AnthropicDialect(ROWS["anthropic"])
MODEL = "claude-opus-5"


def message(content: list[dict[str, Any]], reason: str | None, usage: dict[str, Any]) -> bytes:
    """A whole answer."""
    return compact(_message(content, reason, usage))


def compact(value: object) -> bytes:
    """JSON as the provider writes it: no spaces, no escapes that need not be."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode()


def events(*said: dict[str, Any]) -> bytes:
    """Events, each named by its type."""
    return b"".join(
        b"event: " + each["type"].encode() + b"\ndata: " + compact(each) + b"\n\n" for each in said
    )


def begin(usage: dict[str, Any]) -> dict[str, Any]:
    """The first event."""
    return {"type": "message_start", "message": _message([], None, usage)}


def block(index: int, content: dict[str, Any], *deltas: dict[str, Any]) -> list[dict[str, Any]]:
    """The events of one block."""
    return [
        {"type": "content_block_start", "index": index, "content_block": content},
        *({"type": "content_block_delta", "index": index, "delta": delta} for delta in deltas),
        {"type": "content_block_stop", "index": index},
    ]


def end(reason: str | None, usage: dict[str, Any]) -> dict[str, Any]:
    """The event with the stop reason."""
    return {"type": "message_delta", "delta": {"stop_reason": reason}, "usage": usage}


STOP: dict[str, Any] = {"type": "message_stop"}
PING: dict[str, Any] = {"type": "ping"}


def _message(
    content: list[dict[str, Any]], reason: str | None, usage: dict[str, Any]
) -> dict[str, Any]:
    return {
        "id": "msg_1",
        "type": "message",
        "role": "assistant",
        "model": MODEL,
        "content": content,
        "stop_reason": reason,
        "stop_sequence": None,
        "usage": usage,
    }
