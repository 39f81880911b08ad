"""Messages of the conversation, role by role."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from msgspec import Raw

from llmrpc import v1 as pb
from llmrpc_server.providers.kept_json import NOTHING, string
from llmrpc_server.providers.openai.assistant import build_assistant
from llmrpc_server.providers.openai.call_ids import call_id
from llmrpc_server.providers.openai.order import bridge, end, is_sent, put_system
from llmrpc_server.providers.openai.parts import build_content, mark_breakpoint, simplest
from llmrpc_server.providers.openai.quirks import OpenAITarget
from llmrpc_server.providers.openai_family.fields import object_of
from llmrpc_server.providers.openai_family.history import tell_of_error
from llmrpc_server.providers.tool_names import sent_name


def build_messages(
    messages: Sequence[pb.LLMMessage], target: OpenAITarget, *, tools: bool = False
) -> list[Any]:
    """The wire's messages: a tool message becomes one for each of its results.

    `tools` says whether the request has any.
    """
    built: list[Any] = []
    names = _names(messages) if target.quirks.tool_result_name else {}
    for index, message in enumerate(messages):
        field = f"messages[{index}]"
        match message.role:
            case pb.ROLE_TOOL:
                built.extend(_results(message, names, field, target))
            case pb.ROLE_ASSISTANT:
                turn = build_assistant(message, field, target, tools=tools)
                if is_sent(turn, field, target):
                    built.append(turn)
            case _:
                content = message.content or build_content(message.parts, field, target)
                if message.role == pb.ROLE_SYSTEM:
                    put_system(built, {"role": "system", "content": content}, field, target)
                else:
                    bridge(built, field, target)
                    built.append({"role": "user", "content": content})
    end(built, f"messages[{len(messages) - 1}]", target)
    return built


def _results(
    message: pb.LLMMessage, names: Mapping[str, str], field: str, target: OpenAITarget
) -> Iterable[dict[str, Any] | Raw]:
    for index, part in enumerate(message.parts):
        place = f"{field}.parts[{index}]"
        if part.HasField("provider_block"):
            yield from _block(part, place, target)
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
            built["name"] = sent_name(result.name or names.get(result.tool_call_id, ""))
        tell_of_error(result, place, target)
        yield built


def _block(part: pb.Part, place: str, target: OpenAITarget) -> Iterable[Raw]:
    """The result of a tool that the caller runs and the provider defines: a whole message."""
    block = target.own_block(part, place)
    if block is None:
        return
    data = block.data
    if string(object_of(data).get("role", NOTHING)) != "tool":
        target.findings.invalid(
            f"{place}.provider_block.data", "must be a message of the role tool"
        )
        return
    yield Raw(data.encode())


def _names(messages: Iterable[pb.LLMMessage]) -> dict[str, str]:
    """The names of all calls by their ids; the first one counts."""
    names: dict[str, str] = {}
    for message in messages:
        for part in message.parts:
            if part.HasField("tool_call") and part.tool_call.name:
                names.setdefault(part.tool_call.id, part.tool_call.name)
    return names
