"""What the assistant said before, as the model is told of it.

Thinking goes back signed as it came and in its place, to the provider that wrote it.
Source: https://platform.claude.com/docs/en/build-with-claude/thinking#preserving-thinking-blocks
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec

from llmrpc import v1 as pb
from llmrpc_server.providers.anthropic.cache import Breakpoints
from llmrpc_server.providers.anthropic.parts import add_block
from llmrpc_server.providers.anthropic.quirks import AnthropicTarget
from llmrpc_server.providers.anthropic.results import call_id


def build_assistant(
    parts: Sequence[pb.Part], field: str, breakpoints: Breakpoints, target: AnthropicTarget
) -> list[dict[str, Any]]:
    """The blocks of an assistant's message."""
    built: list[dict[str, Any]] = []
    for index, part in enumerate(parts):
        place = f"{field}.parts[{index}]"
        kind = part.WhichOneof("kind")
        if kind in ("reasoning", "redacted_reasoning"):
            breakpoints.refuse(part, place, "reasoning takes none")
            thought = _thought(part, place, target)
            if thought is not None:
                built.append(thought)
            continue
        block: dict[str, Any] | None = None
        match kind:
            case "text":
                block = {"type": "text", "text": part.text} if part.text else None
            case "tool_call":
                block = _call(part.tool_call, place, target)
            case _:
                target.findings.unsupported(
                    f"{place}.{kind}", f"{target.row.name} takes none from the assistant"
                )
        add_block(built, block, part, place, breakpoints, target)
    return built


def _thought(part: pb.Part, place: str, target: AnthropicTarget) -> dict[str, Any] | None:
    maker, data = part.signature.provider, part.signature.data
    if maker != target.row.name:
        why = f"this is reasoning of {maker}: left out" if maker else "it is not signed: left out"
    elif part.HasField("reasoning"):
        if data:
            return {"type": "thinking", "thinking": part.reasoning, "signature": data}
        why = "it is not signed: left out"
    elif data:
        return _kept(data, f"{place}.signature.data", target)
    elif part.redacted_reasoning:
        return {"type": "redacted_thinking", "data": part.redacted_reasoning}
    else:
        why = "it is empty: left out"
    target.findings.warn(f"{place}.{part.WhichOneof('kind')}", why)
    return None


def _kept(data: str, field: str, target: AnthropicTarget) -> dict[str, Any] | None:
    """A block that was kept as it came, because the contract has no place for it."""
    fields = _object(data)
    if fields is not None and "type" in fields:
        return fields
    target.findings.invalid(field, "this is no JSON object with a type")
    return None


def _call(call: pb.ToolCall, place: str, target: AnthropicTarget) -> dict[str, Any]:
    arguments = call.arguments or "{}"
    if _object(arguments) is None:
        target.findings.unsupported(
            f"{place}.tool_call.arguments", f"{target.row.name} takes nothing but a JSON object"
        )
        arguments = "{}"
    return {
        "type": "tool_use",
        "id": call_id(call.id),
        "name": call.name,
        "input": msgspec.Raw(arguments.encode()),
    }


def _object(text: str) -> dict[str, Any] | None:
    """The fields of a JSON object, each as it was written."""
    try:
        return msgspec.json.decode(text, type=dict[str, msgspec.Raw])
    except (msgspec.DecodeError, RecursionError):
        return None
