"""What the assistant said before, as the model is told of it.

Thinking goes back signed as it came and in its place, to the provider that wrote it; so
do provider blocks, citations and what else the provider wants back. Sources:
https://platform.claude.com/docs/en/build-with-claude/thinking#preserving-thinking-blocks,
https://platform.claude.com/docs/en/agents-and-tools/tool-use/server-tools
"""

from __future__ import annotations

from collections.abc import Sequence

from llmrpc import v1 as pb
from llmrpc_server.providers.anthropic.cache import Breakpoints
from llmrpc_server.providers.anthropic.citations import write_citations
from llmrpc_server.providers.anthropic.objects import (
    Fields,
    write_extra,
    write_provider_block,
)
from llmrpc_server.providers.anthropic.parts import add_block
from llmrpc_server.providers.anthropic.quirks import AnthropicTarget
from llmrpc_server.providers.anthropic.results import Toolsets, call_id
from llmrpc_server.providers.arguments import write_arguments
from llmrpc_server.providers.tool_names import sent_name


def build_assistant(
    parts: Sequence[pb.Part],
    field: str,
    breakpoints: Breakpoints,
    toolsets: Toolsets,
    target: AnthropicTarget,
) -> list[Fields]:
    """The blocks of an assistant's message; the toolsets of its calls are noted."""
    built: list[Fields] = []
    for index, part in enumerate(parts):
        place = f"{field}.parts[{index}]"
        kind = part.WhichOneof("kind")
        if kind in ("reasoning", "redacted_reasoning"):
            breakpoints.refuse(part, place, "a cache breakpoint on reasoning")
            thought = _thought(part, place, target)
            if thought is not None:
                built.append(thought)
            continue
        block: Fields | None = None
        match kind:
            case "text":
                block = _text(part, place, target)
            case "tool_call":
                block = _call(part, place, target)
                if "toolset_name" in block:
                    toolsets[block["id"]] = block["toolset_name"]
            case "provider_block":
                block = write_provider_block(part, place, target)
                target.leave_out(part, place, "signature")
            case "refusal":
                block = _refusal(part, place, target)
            case _:
                target.refuse_of_model(str(kind), place)
                target.leave_out(part, place, "signature")
        add_block(built, block, part, place, breakpoints)
    return built


def _text(part: pb.Part, place: str, target: AnthropicTarget) -> Fields | None:
    if not part.text:
        target.leave_out(part, place, "signature")
        return None
    block: Fields = {"type": "text", "text": part.text}
    if citations := write_citations(part, place, target):
        block["citations"] = citations
    write_extra(block, part, place, target)
    return block


def _refusal(part: pb.Part, place: str, target: AnthropicTarget) -> Fields | None:
    """A refusal as text; the provider's own is an explanation that the model did not write."""
    if part.signature.provider == target.row.name:
        target.findings.drop(f"{place}.refusal", "its own refusals")
        return None
    target.leave_out(part, place, "signature")
    text = target.refusal_as_text(part, place)
    return {"type": "text", "text": text} if text else None


def _thought(part: pb.Part, place: str, target: AnthropicTarget) -> Fields | None:
    maker, data = part.signature.provider, part.signature.data
    block: Fields | None = None
    if maker != target.row.name:
        what = f"reasoning of {maker}" if maker else "reasoning that is not signed"
    elif part.HasField("reasoning"):
        what = "reasoning that is not signed"
        if data:
            block = {"type": "thinking", "thinking": part.reasoning, "signature": data}
    else:
        what = "empty reasoning"
        if part.redacted_reasoning:
            block = {"type": "redacted_thinking", "data": part.redacted_reasoning}
    if block is None:
        target.findings.drop(f"{place}.{part.WhichOneof('kind')}", what)
    else:
        write_extra(block, part, place, target, spent=True)
    return block


def _call(part: pb.Part, place: str, target: AnthropicTarget) -> Fields:
    call = part.tool_call
    block: Fields = {
        "type": "tool_use",
        "id": call_id(call.id),
        "name": sent_name(call.name),
        "input": write_arguments(call, f"{place}.tool_call", target),
    }
    write_extra(block, part, place, target)
    return block
