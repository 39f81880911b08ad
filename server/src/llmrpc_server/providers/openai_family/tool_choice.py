"""Which tools a model may call: the choice in either dialect, and the list of allowed tools."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Literal, TypeVar

from llmrpc import v1 as pb
from llmrpc_server.providers.openai_family.quirks import FamilyQuirks, Model
from llmrpc_server.providers.provider_tools import tool_name, warn_of_unlisted
from llmrpc_server.providers.target import Target

Q = TypeVar("Q", bound=FamilyQuirks)
Refer = Callable[[pb.Tool], dict[str, Any]]
"""Writes how a choice refers to one tool."""
Listed = Callable[[Literal["auto", "required"], list[dict[str, Any]]], dict[str, Any]]
"""Writes a choice of the listed tools, from a mode and references."""

_MODE: dict[int, Literal["auto", "none", "required"]] = {
    pb.ToolChoice.MODE_UNSPECIFIED: "auto",
    pb.ToolChoice.MODE_AUTO: "auto",
    pb.ToolChoice.MODE_NONE: "none",
    pb.ToolChoice.MODE_REQUIRED: "required",
}


def tools_to_send(
    request: pb.GenerateRequest, target: Target[Q, Model]
) -> list[tuple[int, pb.Tool]]:
    """The tools of a request with their indices.

    A provider without a list of allowed tools gets the allowed ones alone, with a warning.
    """
    tools = list(enumerate(request.tools))
    if target.quirks.allowed_tools or not _restricts(request):
        return tools
    warn_of_unlisted(target)
    allowed = {*request.tool_choice.allowed_names}
    return [(index, tool) for index, tool in tools if tool_name(tool) in allowed]


def add_tool_choice(
    body: dict[str, Any],
    request: pb.GenerateRequest,
    target: Target[Q, Model],
    refer: Refer,
    listed: Listed,
) -> None:
    """Writes how free the model is with its tools."""
    choice = request.tool_choice
    if choice.mode == pb.ToolChoice.MODE_NAMED:
        if not target.refuses("tool_choice.named", "tool_choice.mode"):
            _add_named(body, request, target, refer)
    elif choice.mode not in _MODE:
        target.findings.invalid("tool_choice.mode", f"{choice.mode} is no value of it")
    elif choice.mode != pb.ToolChoice.MODE_UNSPECIFIED or _restricts(request):
        word = _MODE[choice.mode]
        if not target.refuses(f"tool_choice.{word}", "tool_choice.mode"):
            body["tool_choice"] = word
            if word != "none" and target.quirks.allowed_tools and _restricts(request):
                body["tool_choice"] = listed(word, [refer(tool) for tool in _allowed(request)])
    if choice.HasField("parallel"):
        if not target.lacks("tool_choice.parallel"):
            body["parallel_tool_calls"] = choice.parallel
        elif not choice.parallel:
            target.findings.unsupported("tool_choice.parallel")


def _add_named(
    body: dict[str, Any], request: pb.GenerateRequest, target: Target[Q, Model], refer: Refer
) -> None:
    for tool in _allowed(request):
        if tool.WhichOneof("kind") == "function" or target.quirks.names_provider_tools:
            body["tool_choice"] = refer(tool)
        else:
            target.findings.unsupported(
                "tool_choice.allowed_names[0]",
                f"{target.row.name} can be made to call functions alone; "
                "name a function, or use MODE_REQUIRED with this tool alone",
            )


def _allowed(request: pb.GenerateRequest) -> list[pb.Tool]:
    allowed = {*request.tool_choice.allowed_names}
    return [tool for tool in request.tools if tool_name(tool) in allowed]


def _restricts(request: pb.GenerateRequest) -> bool:
    """Whether the choice is between some of the tools and leaves others out."""
    choice = request.tool_choice
    return (
        choice.mode != pb.ToolChoice.MODE_NAMED
        and bool(choice.allowed_names)
        and len(choice.allowed_names) < len(request.tools)
    )
