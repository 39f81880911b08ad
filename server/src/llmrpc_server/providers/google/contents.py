"""The conversation as Google has it: instructions, and turns of user and model.

Source: https://ai.google.dev/api/caching#Content
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from llmrpc import v1 as pb
from llmrpc_server.providers.google.model_turn import (
    build_answer,
    build_block,
    leave_out_sources,
)
from llmrpc_server.providers.google.parts import build_part
from llmrpc_server.providers.google.quirks import GoogleTarget
from llmrpc_server.providers.google.results import build_result
from llmrpc_server.providers.turns import Turns


def build_conversation(messages: Sequence[pb.LLMMessage], target: GoogleTarget) -> dict[str, Any]:
    """`contents` and `systemInstruction`; turns of one role that follow are one."""
    turns = Turns(target.findings)
    instructions: list[dict[str, Any]] = []
    names: dict[str, str] = {}
    for index, message in enumerate(messages):
        field = f"messages[{index}]"
        match message.role:
            case pb.ROLE_SYSTEM:
                instructions += _instructions(message, field, target, late=bool(turns.all))
            case pb.ROLE_ASSISTANT:
                turns.add("model", message, build_answer(message, field, names, target), field)
            case pb.ROLE_TOOL:
                turns.add("user", message, _results(message, field, names, target), field)
            case pb.ROLE_USER:
                turns.add("user", message, _plain(message, field, target), field)
            case role:
                target.findings.invalid(f"{field}.role", f"{role} is no role")
    turns.check()
    contents = [{"role": turn.role, "parts": turn.pieces} for turn in turns.all]
    conversation: dict[str, Any] = {"contents": contents}
    if instructions:
        conversation["systemInstruction"] = {"parts": instructions}
    return conversation


def _instructions(
    message: pb.LLMMessage, field: str, target: GoogleTarget, *, late: bool
) -> list[dict[str, Any]]:
    if target.refuses("messages.system", f"{field}.role"):
        return []
    if late:
        target.findings.warn(
            f"{field}.role",
            f"{target.row.name} has instructions before the conversation alone: moved there",
        )
    for index, part in enumerate(message.parts):
        if not part.HasField("text"):
            place = f"{field}.parts[{index}].{part.WhichOneof('kind')}"
            target.findings.unsupported(
                place, f"{target.row.name} accepts only text as instructions"
            )
    return _plain(message, field, target, only_text=True)


def _plain(
    message: pb.LLMMessage, field: str, target: GoogleTarget, *, only_text: bool = False
) -> list[dict[str, Any]]:
    """The parts of a message that a model did not write."""
    if message.content:
        return [{"text": message.content}]
    built: list[dict[str, Any]] = []
    for index, part in enumerate(message.parts):
        place = f"{field}.parts[{index}]"
        target.leave_out(part, place, "signature", "cache_breakpoint")
        leave_out_sources(part, place, target)
        if only_text and not part.HasField("text"):
            continue
        item = build_part(part, place, target)
        if item is not None and item.get("text") != "":
            built.append(item)
    return built


def _results(
    message: pb.LLMMessage, field: str, names: dict[str, str], target: GoogleTarget
) -> list[Any]:
    """The results of functions, and what answers a provider block."""
    built: list[Any] = []
    for index, part in enumerate(message.parts):
        place = f"{field}.parts[{index}]"
        if part.HasField("provider_block"):
            target.leave_out(part, place, "cache_breakpoint")
            built += build_block(part, place, target)
            continue
        target.leave_out(part, place, "signature", "cache_breakpoint")
        built.append(build_result(part.tool_result, f"{place}.tool_result", names, target))
    return built
