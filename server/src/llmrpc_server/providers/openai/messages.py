"""Messages of the conversation, role by role."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Sequence
from typing import Any

from llmrpc import v1 as pb
from llmrpc_server.providers.openai.details import to_item
from llmrpc_server.providers.openai.parts import (
    build_content,
    build_part,
    mark_breakpoint,
    simplest,
)
from llmrpc_server.providers.openai.quirks import OpenAITarget

_NINE = re.compile("[A-Za-z0-9]{9}")


def build_messages(messages: Sequence[pb.LLMMessage], target: OpenAITarget) -> list[dict[str, Any]]:
    """The wire's messages: a tool message becomes one for each of its results."""
    built: list[dict[str, Any]] = []
    for index, message in enumerate(messages):
        field = f"messages[{index}]"
        match message.role:
            case pb.ROLE_TOOL:
                built.extend(_results(message, messages, field, target))
            case pb.ROLE_ASSISTANT:
                built.append(_assistant(message, field, target))
            case _:
                role = "system" if message.role == pb.ROLE_SYSTEM else "user"
                content = message.content or build_content(message.parts, field, target)
                built.append({"role": role, "content": content})
    return built


def _assistant(message: pb.LLMMessage, field: str, target: OpenAITarget) -> dict[str, Any]:
    built: dict[str, Any] = {"role": "assistant", "content": message.content}
    if not message.parts:
        return built
    shown: list[tuple[str, pb.Part]] = []
    calls: list[dict[str, Any]] = []
    reasoning: list[tuple[str, pb.Part]] = []
    for index, part in enumerate(message.parts):
        place = f"{field}.parts[{index}]"
        match part.WhichOneof("kind"):
            case "reasoning" | "redacted_reasoning":
                if _goes_back(part, place, target):
                    reasoning.append((place, part))
            case "tool_call":
                calls.append(_call(part.tool_call, target))
                _warn_of_extras(part, place, target)
            case _:
                shown.append((place, part))
    contents = [item for place, part in shown if (item := build_part(part, place, target))]
    built["content"] = simplest(contents)
    if calls:
        built["tool_calls"] = calls
        built["content"] = built["content"] or None
    _add_reasoning(built, reasoning, target)
    return built


def _add_reasoning(
    built: dict[str, Any], reasoning: list[tuple[str, pb.Part]], target: OpenAITarget
) -> None:
    quirks = target.quirks
    way = quirks.send_reasoning
    text = "".join(part.reasoning for _, part in reasoning)
    if way == "details":
        _add_details(built, reasoning, target)
    elif way == "thinking":
        if thoughts := [_thought(part) for _, part in reasoning if part.reasoning]:
            said = built["content"] or []
            if isinstance(said, str):
                said = [{"type": "text", "text": said}]
            built["content"] = [*thoughts, *said]
    elif way and (text or (quirks.reasoning_with_calls and "tool_calls" in built)):
        built[way] = text


def _thought(part: pb.Part) -> dict[str, Any]:
    thought = {"type": "thinking", "thinking": [{"type": "text", "text": part.reasoning}]}
    if part.signature.data:
        thought["signature"] = part.signature.data
    return thought


def _add_details(
    built: dict[str, Any], reasoning: list[tuple[str, pb.Part]], target: OpenAITarget
) -> None:
    """Items go back as they came; plain text goes where there are none."""
    items = [(place, part, _item(part, place, target)) for place, part in reasoning]
    if details := [item for _, _, item in items if item]:
        built["reasoning_details"] = details
        for place, _, item in items:
            if not item:
                target.findings.warn(
                    f"{place}.reasoning", "it is not signed, and other reasoning is: left out"
                )
    elif reasoning:
        built["reasoning"] = "".join(part.reasoning for _, part in reasoning)


def _goes_back(part: pb.Part, place: str, target: OpenAITarget) -> bool:
    """Whether reasoning is sent: not another provider's, and where there is a place."""
    maker = part.signature.provider
    if maker and maker != target.row.name:
        why = f"this is reasoning of {maker}: left out"
    elif not target.quirks.send_reasoning:
        why = f"{target.row.name} takes no reasoning back: left out"
    elif part.HasField("redacted_reasoning") and not _item(part, place, target):
        why = f"this is no reasoning that {target.row.name} wrote: left out"
    else:
        if part.HasField("cache_breakpoint"):
            target.findings.warn(f"{place}.cache_breakpoint", "reasoning takes none: left out")
        return True
    target.findings.warn(f"{place}.{part.WhichOneof('kind')}", why)
    return False


def _item(part: pb.Part, place: str, target: OpenAITarget) -> dict[str, Any] | None:
    """The `reasoning_details` item of a part, where the provider has such."""
    if target.quirks.send_reasoning != "details":
        return None
    try:
        return to_item(part)
    except ValueError as error:
        target.findings.invalid(f"{place}.signature.data", str(error)[:200])
        return None


def _call(call: pb.ToolCall, target: OpenAITarget) -> dict[str, Any]:
    return {
        "id": _call_id(call.id, target),
        "type": "function",
        "function": {"name": call.name, "arguments": call.arguments or "{}"},
    }


def _call_id(id: str, target: OpenAITarget) -> str:
    """The id as the provider wants it: the same one for a call and its result."""
    if target.quirks.tool_call_id != "alphanumeric9" or _NINE.fullmatch(id):
        return id
    return hashlib.sha256(id.encode()).hexdigest()[:9]


def _results(
    message: pb.LLMMessage, messages: Iterable[pb.LLMMessage], field: str, target: OpenAITarget
) -> Iterable[dict[str, Any]]:
    for index, part in enumerate(message.parts):
        place = f"{field}.parts[{index}]"
        result = part.tool_result
        content: str | list[dict[str, Any]] = result.content
        if result.parts:
            content = build_content(result.parts, f"{place}.tool_result", target, only_text=True)
        if part.HasField("cache_breakpoint"):
            if isinstance(content, str):
                content = [{"type": "text", "text": content}]
            mark_breakpoint(content[-1], part, place, target)
            content = simplest(content)
        built: dict[str, Any] = {
            "role": "tool",
            "tool_call_id": _call_id(result.tool_call_id, target),
            "content": content,
        }
        if target.quirks.tool_result_name:
            built["name"] = result.name or _name_of(result.tool_call_id, messages)
        if result.is_error:
            target.findings.warn(
                f"{place}.tool_result.is_error",
                f"{target.row.name} has no place for it: the content alone tells of the error",
            )
        yield built


def _name_of(id: str, messages: Iterable[pb.LLMMessage]) -> str:
    calls = (part.tool_call for message in messages for part in message.parts)
    return next((call.name for call in calls if call.id == id and call.name), "")


def _warn_of_extras(part: pb.Part, place: str, target: OpenAITarget) -> None:
    if part.HasField("cache_breakpoint"):
        target.findings.warn(f"{place}.cache_breakpoint", "tool calls take none: left out")
    target.leave_out(part, place, "signature")
