"""Results of tools.

Source: https://platform.claude.com/docs/en/agents-and-tools/tool-use/handle-tool-calls
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Sequence
from typing import Any

from llmrpc import v1 as pb
from llmrpc_server.providers.anthropic.cache import Breakpoints
from llmrpc_server.providers.anthropic.parts import build_part
from llmrpc_server.providers.anthropic.quirks import AnthropicTarget

_ID = re.compile("[a-zA-Z0-9_-]+")


def build_results(
    parts: Sequence[pb.Part], field: str, breakpoints: Breakpoints, target: AnthropicTarget
) -> list[dict[str, Any]]:
    """The blocks of a tool message."""
    return [
        _result(part, f"{field}.parts[{index}]", breakpoints, target)
        for index, part in enumerate(parts)
    ]


def call_id(id: str) -> str:
    """The id as the provider takes it: the same one for a call and its result."""
    if _ID.fullmatch(id):
        return id
    return f"toolu_{hashlib.sha256(id.encode()).hexdigest()[:24]}"


def _result(
    part: pb.Part, place: str, breakpoints: Breakpoints, target: AnthropicTarget
) -> dict[str, Any]:
    result = part.tool_result
    built: dict[str, Any] = {"type": "tool_result", "tool_use_id": call_id(result.tool_call_id)}
    breakpoints.mark(built, part, place)
    target.leave_out(part, place, "signature")
    marked = part.HasField("cache_breakpoint")
    content: list[dict[str, Any]] = []
    for index, piece in enumerate(result.parts):
        field = f"{place}.tool_result.parts[{index}]"
        if block := build_part(piece, field, target):
            content.append(block)
        if marked or index < len(result.parts) - 1:
            breakpoints.refuse(piece, field, "a result has one, at its end")
        else:
            breakpoints.mark(built, piece, field)
        target.leave_out(piece, field, "signature")
    if result.content or content:
        built["content"] = result.content or content
    if result.is_error:
        built["is_error"] = True
    return built
