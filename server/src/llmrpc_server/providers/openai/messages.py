"""Messages of the conversation, role by role."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import msgspec
from msgspec import Raw

from llmrpc import v1 as pb
from llmrpc_server.providers.openai.assistant import build_assistant
from llmrpc_server.providers.openai.call_ids import call_id
from llmrpc_server.providers.openai.parts import build_content, mark_breakpoint, simplest
from llmrpc_server.providers.openai.quirks import OpenAITarget


def build_messages(messages: Sequence[pb.LLMMessage], target: OpenAITarget) -> list[Any]:
    """The wire's messages: a tool message becomes one for each of its results."""
    built: list[Any] = []
    for index, message in enumerate(messages):
        field = f"messages[{index}]"
        match message.role:
            case pb.ROLE_TOOL:
                built.extend(_results(message, messages, field, target))
            case pb.ROLE_ASSISTANT:
                built.append(build_assistant(message, field, target))
            case _:
                role = "system" if message.role == pb.ROLE_SYSTEM else "user"
                content = message.content or build_content(message.parts, field, target)
                built.append({"role": role, "content": content})
    return built


def _results(
    message: pb.LLMMessage, messages: Iterable[pb.LLMMessage], field: str, target: OpenAITarget
) -> Iterable[dict[str, Any] | Raw]:
    for index, part in enumerate(message.parts):
        place = f"{field}.parts[{index}]"
        if part.HasField("provider_block"):
            yield from _block(part.provider_block, f"{place}.provider_block", target)
            continue
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
            "tool_call_id": call_id(result.tool_call_id, target.quirks.tool_call_id),
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


def _block(block: pb.ProviderBlock, place: str, target: OpenAITarget) -> Iterable[Raw]:
    """The result of a tool that the caller runs and the provider defines: a whole message."""
    if block.provider != target.row.name:
        target.findings.warn(place, f"{target.row.name} is called: left out")
        return
    said = msgspec.json.decode(block.data)
    if not isinstance(said, dict) or said.get("role") != "tool":
        target.findings.invalid(f"{place}.data", "must be a message of the role tool")
        return
    yield Raw(block.data.encode())


def _name_of(id: str, messages: Iterable[pb.LLMMessage]) -> str:
    calls = (part.tool_call for message in messages for part in message.parts)
    return next((call.name for call in calls if call.id == id and call.name), "")
