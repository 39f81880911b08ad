"""The tools that providers define: which of them a row accepts, and how they are written."""

from __future__ import annotations

from fnmatch import fnmatchcase
from typing import Any

from llmrpc import v1 as pb
from llmrpc_server.providers.kept_json import Fields, read_fields
from llmrpc_server.providers.target import Target


def write_provider_tool(
    tool: pb.ProviderTool, field: str, target: Target[Any, Any]
) -> dict[str, Any] | None:
    """The tool as its provider writes it: the type, then the options as they were given.

    `field` is the tool's path in the request. None, with a violation, for a tool of
    another provider, and for a type that the row does not list.
    """
    row, findings = target.row, target.findings
    if tool.provider != row.name:
        findings.unsupported(
            f"{field}.provider_tool.provider",
            f"{row.name} does not have the tools of {tool.provider}; "
            "remove the tool or call its provider",
        )
        return None
    if not any(fnmatchcase(tool.type, pattern) for pattern in row.provider_tools):
        known = ", ".join(sorted(row.provider_tools)) or "none"
        findings.unsupported(
            f"{field}.provider_tool.type",
            f"{row.name} does not have a tool of the type {tool.type}; it has {known}",
        )
        return None
    return {"type": tool.type, **read_options(tool)}


def read_options(tool: pb.ProviderTool) -> Fields:
    """The options of a valid tool by name, each as the text that it was given as."""
    if not tool.options:
        return {}
    return read_fields(tool.options)


def tool_name(tool: pb.Tool) -> str:
    """The name by which a tool choice refers to a tool."""
    if tool.WhichOneof("kind") == "provider_tool":
        return tool.provider_tool.name or tool.provider_tool.type
    return tool.function.name


def warn_of_unlisted(target: Target[Any, Any]) -> None:
    """Warns that only the allowed tools are sent, for a provider without a list of them."""
    target.findings.warn(
        "tool_choice.allowed_names",
        f"{target.row.name} has no list of allowed tools: only the allowed ones are sent, "
        "which changes the provider's prompt cache",
    )
