"""The conversation: whose turn each message is, and what may stand where.

Messages of the user and of tools that follow each other are one turn, and so are
the assistant's; an empty message is none. The system messages before all others are
the system prompt; a later one stays where it is, for models that take it there.
Sources: https://platform.claude.com/docs/en/api/messages/create,
https://platform.claude.com/docs/en/build-with-claude/mid-conversation-system-messages
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from llmrpc import v1 as pb
from llmrpc_server.providers.anthropic.assistant import build_assistant
from llmrpc_server.providers.anthropic.cache import Breakpoints
from llmrpc_server.providers.anthropic.citations import leave_out_annotations
from llmrpc_server.providers.anthropic.parts import add_block, build_part
from llmrpc_server.providers.anthropic.quirks import AnthropicTarget
from llmrpc_server.providers.anthropic.refused_text import without_refused
from llmrpc_server.providers.anthropic.results import Toolsets, build_results
from llmrpc_server.providers.turns import Turn, Turns

_ROLES = {
    pb.ROLE_SYSTEM: "system",
    pb.ROLE_USER: "user",
    pb.ROLE_TOOL: "user",
    pb.ROLE_ASSISTANT: "assistant",
}

Blocks = list[dict[str, Any]]


def add_messages(
    body: dict[str, Any],
    messages: Sequence[pb.LLMMessage],
    target: AnthropicTarget,
    breakpoints: Breakpoints,
) -> None:
    """Writes `system` and `messages`, with the breakpoints of all."""
    system: Blocks = []
    toolsets: Toolsets = {}
    turns = Turns(target.findings)
    for index, message in enumerate(messages):
        field = f"messages[{index}]"
        role = _ROLES.get(message.role)
        if role is None:
            target.findings.invalid(f"{field}.role", f"{message.role} is no role")
            continue
        blocks = _blocks(message, field, breakpoints, toolsets, target)
        if role == "system" and not turns.all:
            system.extend(blocks)
        else:
            turns.add(role, message, blocks, field)
    turns.all = without_refused(turns.all, target)
    system = [block for block in system if block["text"].strip()]
    turns.check()
    _check_system(turns.all, target)
    breakpoints.write()
    if system:
        body["system"] = _simplest(system)
    body["messages"] = [
        {"role": turn.role, "content": _simplest(turn.pieces)} for turn in turns.all
    ]


def _blocks(
    message: pb.LLMMessage,
    field: str,
    breakpoints: Breakpoints,
    toolsets: Toolsets,
    target: AnthropicTarget,
) -> Blocks:
    if message.content:
        return [{"type": "text", "text": message.content}]
    if message.role == pb.ROLE_ASSISTANT:
        return build_assistant(message.parts, field, breakpoints, toolsets, target)
    if message.role == pb.ROLE_TOOL:
        return build_results(message.parts, field, breakpoints, toolsets, target)
    built: Blocks = []
    for index, part in enumerate(message.parts):
        place = f"{field}.parts[{index}]"
        if message.role == pb.ROLE_SYSTEM and not part.HasField("text"):
            target.findings.unsupported(
                f"{place}.{part.WhichOneof('kind')}", "a system message is text here"
            )
            continue
        block = build_part(part, place, target)
        add_block(built, block, part, place, breakpoints)
        target.leave_out(part, place, "signature")
        leave_out_annotations(part, place, target)
    return built


def _check_system(turns: Sequence[Turn], target: AnthropicTarget) -> None:
    """Refuses system messages where the model or the API takes none."""
    roles = ["", *(turn.role for turn in turns), "assistant"]
    for index, turn in enumerate(turns, 1):
        if turn.role != "system":
            continue
        if target.lacks("messages.system"):
            target.findings.unsupported(
                f"{turn.field}.role", f"{target.name} takes system messages before all others alone"
            )
        elif roles[index - 1] != "user" or roles[index + 1] != "assistant":
            target.findings.unsupported(
                f"{turn.field}.role",
                f"{target.row.name} takes a later system message behind one of the user or of a"
                " tool, and before one of the assistant or at the end",
            )


def _simplest(blocks: Blocks) -> str | Blocks:
    """Plain text where there is nothing else."""
    if len(blocks) == 1 and blocks[0]["type"] == "text" and len(blocks[0]) == 2:
        text: str = blocks[0]["text"]
        return text
    return blocks
