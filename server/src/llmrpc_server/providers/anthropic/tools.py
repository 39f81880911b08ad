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
from llmrpc_server.providers.kept_json import fields_of
from llmrpc_server.providers.provider_tools import write_provider_tool
from llmrpc_server.providers.schemas import object_schema
from llmrpc_server.providers.tool_names import sent_name

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
_UNIONS = frozenset({"oneOf", "anyOf", "allOf"})
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
            breakpoints.refuse(tool, place, "a cache breakpoint beside one in the options")
        else:
            breakpoints.mark(block, tool, place)
        built.append(block)
    return built


def _function(tool: pb.FunctionTool, field: str, target: AnthropicTarget) -> dict[str, Any]:
    built: dict[str, Any] = {"name": sent_name(tool.name)}
    if tool.description:
        built["description"] = tool.description
    built["input_schema"] = _schema(tool.parameters, f"{field}.parameters", target)
    if tool.HasField("strict"):
        if not target.lacks("tools.function.strict"):
            built["strict"] = tool.strict
        elif tool.strict:
            target.findings.unsupported(f"{field}.strict")
    return built


def _schema(text: str, field: str, target: AnthropicTarget) -> msgspec.Raw:
    """The schema of the arguments; a union at its top is refused, as the API does."""
    if not text:
        return _NO_PARAMETERS
    schema = object_schema(text, field, target.findings)
    unions = [] if target.quirks.unions else [*_UNIONS & (fields_of(schema) or {}).keys()]
    if unions:
        target.findings.unsupported(
            field,
            f"{target.row.name} does not accept {min(unions)} at the top of a tool's schema; "
            "put it inside a property",
        )
    return schema


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
        return sent_name(tool.name)
    if any(fnmatchcase(tool.type, pattern) for pattern in _NAMELESS):
        return ""
    for pattern, name in _NAMES.items():
        if fnmatchcase(tool.type, pattern):
            return name
    return _DATE.sub("", tool.type)
