"""Marks of another dialect's end, which servers that translate leave in their streams."""

from __future__ import annotations

from llmrpc_server.providers.sse import Event

_NAME = "message_stop"
_MARK = b'"message_stop"'
_LONGEST = 64


def is_other_end(event: Event) -> bool:
    """Whether an event is Anthropic's last one."""
    if event.name == _NAME:
        return True
    return len(event.data) <= _LONGEST and _MARK in event.data
