"""Tools: the caller's functions and the provider's own.

Sources: https://platform.claude.com/docs/en/agents-and-tools/tool-use/define-tools,
https://platform.claude.com/docs/en/agents-and-tools/tool-use/tool-reference
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from fnmatch import fnmatchcase
from typing import Any

import msgspec

from llmrpc import v1 as pb
from llmrpc_server.providers.anthropic.cache import Breakpoints
from llmrpc_server.providers.anthropic.quirks import AnthropicTarget
from llmrpc_server.providers.provider_tools import write_provider_tool
from llmrpc_server.providers.schemas import read_schema

_NO_PARAMETERS = msgspec.Raw(b'{"type":"object","properties":{}}')
_DATE = re.compile(r"_\d{8}$")
_NAMES = {
    "text_editor_20241022": "str_replace_editor",
    "text_editor_20250124": "str_replace_editor",
    "text_editor_*": "str_replace_based_edit_tool",
}
"""Names that are not the type without its date; every type has one name, and demands it."""
_NAMELESS = ("mcp_toolset", "*_toolset_*")
"""Toolsets: each is several tools with names of their own."""
_CUSTOM = "custom"
"""The type of functions with more fields than the contract has, such as `defer_loading`."""


def build_tools(
    tools: Sequence[pb.Tool], breakpoints: Breakpoints, target: AnthropicTarget
) -> list[dict[str, Any]]:
    """The wire's tools, with schemas and options as they were written."""
    built = []
    for index, tool in enumerate(tools):
        place = f"tools[{index}]"
        if tool.HasField("provider_tool"):
            block = _provider_tool(tool.provider_tool, place, target)
        else:
            block = _function(tool.function, f"{place}.function", target)
        if "cache_control" in block:
            breakpoints.taken += 1
            breakpoints.refuse(tool, place, "its options have a cache_control")
        else:
            breakpoints.mark(block, tool, place)
        built.append(block)
    return built


def _function(tool: pb.FunctionTool, field: str, target: AnthropicTarget) -> dict[str, Any]:
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


def _provider_tool(tool: pb.ProviderTool, place: str, target: AnthropicTarget) -> dict[str, Any]:
    built = write_provider_tool(tool, place, target)
    if built is None:
        return {}
    name = _name(tool)
    if name:
        built.setdefault("name", name)
    return built


def _name(tool: pb.ProviderTool) -> str:
    """The name that the provider demands for a type; empty if it accepts none."""
    if tool.type == _CUSTOM:
        return tool.name
    if any(fnmatchcase(tool.type, pattern) for pattern in _NAMELESS):
        return ""
    for pattern, name in _NAMES.items():
        if fnmatchcase(tool.type, pattern):
            return name
    return _DATE.sub("", tool.type)
