"""The conversation as Google has it: instructions, and turns of user and model.

A function call or a text may be signed (`thoughtSignature`), and its signature goes
back on the same part. Sources: https://ai.google.dev/api/caching#Content and
https://ai.google.dev/gemini-api/docs/thought-signatures
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec

from llmrpc import v1 as pb
from llmrpc_server.providers.google.parts import build_part
from llmrpc_server.providers.google.quirks import GoogleTarget
from llmrpc_server.providers.google.results import build_result
from llmrpc_server.providers.turns import Turns

SKIP_SIGNATURE = "skip_thought_signature_validator"
"""Stands for the signature of a call that Google's model did not make. Source: the
questions at the end of https://ai.google.dev/gemini-api/docs/thought-signatures"""


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
                turns.add("model", message, _answer(message, field, names, target), field)
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
                place, f"{target.row.name} takes nothing but text as instructions"
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
        if only_text and not part.HasField("text"):
            continue
        item = build_part(part, place, target)
        if item is not None and item.get("text") != "":
            built.append(item)
    return built


def _answer(
    message: pb.LLMMessage, field: str, names: dict[str, str], target: GoogleTarget
) -> list[dict[str, Any]]:
    """A turn of the model: each part with its signature, in order.

    `names` gets the tools' names by the ids of the calls. Of several calls the first is
    the one whose signature is demanded.
    """
    if message.content:
        return [{"text": message.content}]
    built: list[dict[str, Any]] = []
    called = False
    for index, part in enumerate(message.parts):
        place = f"{field}.parts[{index}]"
        target.leave_out(part, place, "cache_breakpoint")
        item: dict[str, Any] | None
        match part.WhichOneof("kind"):
            case "reasoning" | "redacted_reasoning":
                item = _thought(part, place, target)
            case "tool_call":
                names[part.tool_call.id] = part.tool_call.name
                item = _call(part.tool_call, f"{place}.tool_call", target)
            case _:
                item = build_part(part, place, target)
        if item is None:
            continue
        if part.signature.provider == target.row.name and part.signature.data:
            item["thoughtSignature"] = part.signature.data
        elif part.HasField("tool_call") and not called and target.model.signed_calls:
            item["thoughtSignature"] = SKIP_SIGNATURE
            target.findings.warn(
                f"{place}.signature",
                f"there is none of {target.row.name}'s: sent with the value that stands for it",
            )
        else:
            target.leave_out(part, place, "signature")
        called = called or part.HasField("tool_call")
        if item.get("text") != "" or "thoughtSignature" in item:
            built.append(item)
    return built


def _thought(part: pb.Part, place: str, target: GoogleTarget) -> dict[str, Any] | None:
    """Google's own reasoning, or what nobody signed; others' is left out."""
    maker = part.signature.provider
    if maker and maker != target.row.name:
        why = f"this is reasoning of {maker}: left out"
    elif part.HasField("redacted_reasoning"):
        why = f"this is no reasoning that {target.row.name} wrote: left out"
    else:
        return {"text": part.reasoning, "thought": True}
    target.findings.warn(f"{place}.{part.WhichOneof('kind')}", why)
    return None


def _call(call: pb.ToolCall, place: str, target: GoogleTarget) -> dict[str, Any]:
    arguments = call.arguments or "{}"
    if not _is_object(arguments):
        target.findings.unsupported(
            f"{place}.arguments", f"{target.row.name} takes nothing but a JSON object"
        )
    args = msgspec.Raw(arguments.encode())
    return {"functionCall": {"id": call.id, "name": call.name, "args": args}}


def _is_object(text: str) -> bool:
    try:
        return isinstance(msgspec.json.decode(text), dict)
    except (msgspec.DecodeError, RecursionError):
        return False


def _results(
    message: pb.LLMMessage, field: str, names: dict[str, str], target: GoogleTarget
) -> list[dict[str, Any]]:
    built: list[dict[str, Any]] = []
    for index, part in enumerate(message.parts):
        place = f"{field}.parts[{index}]"
        target.leave_out(part, place, "signature", "cache_breakpoint")
        built.append(build_result(part.tool_result, f"{place}.tool_result", names, target))
    return built
