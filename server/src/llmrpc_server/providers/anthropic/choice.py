"""Which tools the model may call, and whether it must.

The API has no list of allowed tools: of several only the allowed ones are sent, which
the provider's prompt cache does not know. Sources:
https://platform.claude.com/docs/en/agents-and-tools/tool-use/define-tools#forcing-tool-use,
https://platform.claude.com/docs/en/agents-and-tools/mcp-connector#tool-configuration
"""

from __future__ import annotations

from typing import Any

from llmrpc import v1 as pb
from llmrpc_server.providers.anthropic.quirks import AnthropicTarget
from llmrpc_server.providers.provider_tools import tool_name, warn_of_unlisted

_MODE = {
    pb.ToolChoice.MODE_UNSPECIFIED: "auto",
    pb.ToolChoice.MODE_AUTO: "auto",
    pb.ToolChoice.MODE_NONE: "none",
    pb.ToolChoice.MODE_REQUIRED: "any",
    pb.ToolChoice.MODE_NAMED: "tool",
}
_FORCED = {"any": "tool_choice.required", "tool": "tool_choice.named"}
_MCP = "mcp_toolset"
_SWITCHED_OFF = {"default_config": {"enabled": False}}


def add_tools(
    body: dict[str, Any],
    request: pb.GenerateRequest,
    tools: list[dict[str, Any]],
    target: AnthropicTarget,
) -> None:
    """Writes `tools` and `tool_choice`; `body` tells how the model thinks.

    `tools` are those of the request, built.
    """
    choice = request.tool_choice
    by_name = dict(zip(map(tool_name, request.tools), tools, strict=True))
    word = _MODE.get(choice.mode)
    if word is None:
        target.findings.invalid("tool_choice.mode", f"{choice.mode} is no value of it")
        return
    if word == "any" and len(choice.allowed_names) == 1:
        word = "tool"  # the same, and the prompt cache stays good
    if word in ("auto", "any") and choice.allowed_names:
        tools = _allowed(by_name, {*choice.allowed_names}, target)
    if tools:
        body["tools"] = tools
    if choice.mode == pb.ToolChoice.MODE_UNSPECIFIED and not choice.HasField("parallel"):
        return
    if word in _FORCED and not _can_force(word, body, target):
        return
    built: dict[str, Any] = {"type": word}
    if word == "tool":
        named = by_name.get(choice.allowed_names[0], {})
        if "name" not in named:
            target.findings.unsupported(
                "tool_choice.allowed_names[0]",
                f"{target.row.name} cannot be made to call a toolset; allow it with MODE_AUTO",
            )
            return
        built["name"] = named["name"]
    if choice.HasField("parallel") and word != "none":
        built["disable_parallel_tool_use"] = not choice.parallel
    if tools:
        body["tool_choice"] = built


def _allowed(
    by_name: dict[str, dict[str, Any]], allowed: set[str], target: AnthropicTarget
) -> list[dict[str, Any]]:
    """The allowed tools, and the other MCP toolsets switched off: each server needs its own."""
    if allowed >= by_name.keys():
        return list(by_name.values())
    warn_of_unlisted(target)
    kept = []
    for name, tool in by_name.items():
        if name in allowed:
            kept.append(tool)
        elif tool.get("type") == _MCP:
            kept.append({key: tool[key] for key in tool if key != "configs"} | _SWITCHED_OFF)
    return kept


def _can_force(word: str, body: dict[str, Any], target: AnthropicTarget) -> bool:
    if target.lacks(_FORCED[word]):
        why = f"{target.name} cannot be made to call a tool"
    elif body.get("thinking", {}).get("type") == "enabled":
        why = f"{target.name} cannot be made to call a tool while it thinks by budget"
    else:
        return True
    target.findings.unsupported("tool_choice.mode", why)
    return False
