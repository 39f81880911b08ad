"""Tools of a request, and how a choice refers to them.

Sources: https://developers.openai.com/api/docs/api-reference/chat/create,
https://openrouter.ai/docs/guides/features/server-tools, and types/chat of
https://github.com/groq/groq-python
"""

from __future__ import annotations

from typing import Any

from llmrpc import v1 as pb
from llmrpc_server.providers.kept_json import NOTHING, string
from llmrpc_server.providers.openai.quirks import OpenAITarget
from llmrpc_server.providers.openai_family.fields import object_of
from llmrpc_server.providers.openai_family.request import add_strict, cache_ttl, tool_parameters
from llmrpc_server.providers.openai_family.tool_choice import tools_to_send
from llmrpc_server.providers.provider_tools import read_options, tool_name, write_provider_tool
from llmrpc_server.providers.tool_names import sent_name


def build_tools(request: pb.GenerateRequest, target: OpenAITarget) -> list[dict[str, Any]]:
    """The tools that are sent."""
    built = []
    for index, tool in tools_to_send(request, target):
        field = f"tools[{index}]"
        if tool.WhichOneof("kind") == "provider_tool":
            item = write_provider_tool(tool.provider_tool, field, target)
        else:
            item = _function(tool.function, f"{field}.function", target)
        if item is None:
            continue
        if tool.HasField("cache_breakpoint"):
            _mark(item, tool, f"{field}.cache_breakpoint", target)
        built.append(item)
    return built


def refer(tool: pb.Tool) -> dict[str, Any]:
    """How a choice refers to a tool: by its name if it has one, else by its type."""
    if tool.WhichOneof("kind") == "function":
        return {"type": "function", "function": {"name": sent_name(tool.function.name)}}
    own = tool.provider_tool
    if own.type != "custom":
        return {"type": own.type}
    return {"type": "custom", "custom": {"name": _custom_name(own) or tool_name(tool)}}


def listed(mode: str, tools: list[dict[str, Any]]) -> dict[str, Any]:
    """A choice of several tools."""
    return {"type": "allowed_tools", "allowed_tools": {"mode": mode, "tools": tools}}


def _function(tool: pb.FunctionTool, field: str, target: OpenAITarget) -> dict[str, Any]:
    function: dict[str, Any] = {"name": sent_name(tool.name)}
    if tool.description:
        function["description"] = tool.description
    function["parameters"] = tool_parameters(tool, field, target)
    add_strict(function, tool, "tools.function.strict", f"{field}.strict", target)
    return {"type": "function", "function": function}


def _mark(item: dict[str, Any], tool: pb.Tool, field: str, target: OpenAITarget) -> None:
    if target.quirks.tool_cache and tool.HasField("function"):
        ttl = cache_ttl(tool, field, target)
        item[target.quirks.cache_breakpoint] = {"type": "ephemeral", **ttl}
    else:
        target.findings.drop(field, "a cache breakpoint on this tool")


def _custom_name(tool: pb.ProviderTool) -> str:
    """The name by which the model calls a custom tool."""
    custom = object_of(read_options(tool).get("custom", NOTHING))
    return string(custom.get("name", NOTHING))
