"""Tools, and how the model is to use them.

Source: https://platform.claude.com/docs/en/agents-and-tools/tool-use/define-tools
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec

from llmrpc import v1 as pb
from llmrpc_server.providers.anthropic.quirks import AnthropicTarget
from llmrpc_server.providers.schemas import read_schema

_NO_PARAMETERS = msgspec.Raw(b'{"type":"object","properties":{}}')

_MODE = {
    pb.ToolChoice.MODE_UNSPECIFIED: "auto",
    pb.ToolChoice.MODE_AUTO: "auto",
    pb.ToolChoice.MODE_NONE: "none",
    pb.ToolChoice.MODE_REQUIRED: "any",
    pb.ToolChoice.MODE_NAMED: "tool",
}
_FORCED = {"any": ("tool_choice.required", "mode"), "tool": ("tool_choice.named", "mode")}


def build_tools(tools: Sequence[pb.Tool], target: AnthropicTarget) -> list[dict[str, Any]]:
    """The wire's tools, with their schemas as they were written."""
    return [
        _tool(tool.function, f"tools[{index}].function", target) for index, tool in enumerate(tools)
    ]


def build_tool_choice(
    choice: pb.ToolChoice, body: dict[str, Any], target: AnthropicTarget
) -> dict[str, Any] | None:
    """The wire's choice; None where there is none. `body` tells how the model thinks."""
    if choice.mode == pb.ToolChoice.MODE_UNSPECIFIED and not choice.HasField("parallel"):
        return None
    word = _MODE.get(choice.mode)
    if word is None:
        target.findings.invalid("tool_choice.mode", f"{choice.mode} is no value of it")
        return None
    if word in _FORCED:
        place, name = _FORCED[word]
        field = f"tool_choice.{name}"
        if target.lacks(place):
            target.findings.unsupported(field, f"{target.name} cannot be made to call a tool")
            return None
        if body.get("thinking", {}).get("type") == "enabled":
            target.findings.unsupported(
                field, f"{target.name} cannot be made to call a tool while it thinks by budget"
            )
            return None
    built: dict[str, Any] = {"type": word}
    if word == "tool":
        built["name"] = choice.allowed_names[0]
    if choice.HasField("parallel") and word != "none":
        built["disable_parallel_tool_use"] = not choice.parallel
    return built


def _tool(tool: pb.FunctionTool, field: str, target: AnthropicTarget) -> dict[str, Any]:
    built: dict[str, Any] = {"name": tool.name}
    if tool.description:
        built["description"] = tool.description
    built["input_schema"] = (
        read_schema(tool.parameters, f"{field}.parameters", target.findings)
        if tool.parameters
        else _NO_PARAMETERS
    )
    if tool.HasField("strict"):
        if not target.lacks("tools.function.strict"):
            built["strict"] = tool.strict
        elif tool.strict:
            target.findings.unsupported(f"{field}.strict")
    return built
