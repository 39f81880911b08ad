"""Results of tools.

Sources: https://platform.claude.com/docs/en/agents-and-tools/tool-use/handle-tool-calls,
https://platform.claude.com/docs/en/agents-and-tools/tool-use/computer-use-tool
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Sequence
from typing import Any

from llmrpc import v1 as pb
from llmrpc_server.providers.anthropic.cache import Breakpoints
from llmrpc_server.providers.anthropic.citations import leave_out_annotations
from llmrpc_server.providers.anthropic.objects import write_provider_block
from llmrpc_server.providers.anthropic.parts import add_block, build_part
from llmrpc_server.providers.anthropic.quirks import AnthropicTarget
from llmrpc_server.providers.anthropic.refused_text import is_blank

_ID = re.compile("[a-zA-Z0-9_-]+")


Toolsets = dict[str, Any]
"""The toolsets of the calls that belong to one, by the ids of the calls."""


def build_results(
    parts: Sequence[pb.Part],
    field: str,
    breakpoints: Breakpoints,
    toolsets: Toolsets,
    target: AnthropicTarget,
) -> list[dict[str, Any]]:
    """The blocks of a tool message: results, and blocks that answer the provider's own."""
    built: list[dict[str, Any]] = []
    for index, part in enumerate(parts):
        place = f"{field}.parts[{index}]"
        target.leave_out(part, place, "signature")
        if part.HasField("provider_block"):
            block = write_provider_block(part, place, target)
            add_block(built, block, part, place, breakpoints)
        else:
            built.append(_result(part, place, breakpoints, toolsets, target))
    return built


def call_id(id: str) -> str:
    """The id as the provider takes it: the same one for a call and its result."""
    if _ID.fullmatch(id):
        return id
    return f"toolu_{hashlib.sha256(id.encode()).hexdigest()[:24]}"


def _result(
    part: pb.Part,
    place: str,
    breakpoints: Breakpoints,
    toolsets: Toolsets,
    target: AnthropicTarget,
) -> dict[str, Any]:
    result = part.tool_result
    call = call_id(result.tool_call_id)
    built: dict[str, Any] = {"type": "tool_result", "tool_use_id": call}
    if call in toolsets:
        built["toolset_name"] = toolsets[call]
    breakpoints.mark(built, part, place)
    marked = part.HasField("cache_breakpoint")
    content: list[dict[str, Any]] = []
    for index, piece in enumerate(result.parts):
        field = f"{place}.tool_result.parts[{index}]"
        block = build_part(piece, field, target)
        if block is not None and is_blank(block):
            target.findings.drop(field, "blank text")
        elif block is not None:
            content.append(block)
        if marked or index < len(result.parts) - 1:
            breakpoints.refuse(piece, field, "a cache breakpoint inside a result")
        else:
            breakpoints.mark(built, piece, field)
        target.leave_out(piece, field, "signature")
        leave_out_annotations(piece, field, target)
    if result.content.strip() or content:
        built["content"] = result.content or content
    if result.is_error:
        built["is_error"] = True
    return built
