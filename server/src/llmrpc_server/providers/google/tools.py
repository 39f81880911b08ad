"""Tools, and how free the model is to call them.

Source: https://ai.google.dev/gemini-api/docs/generate-content/function-calling
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from llmrpc import v1 as pb
from llmrpc_server.providers.google.quirks import GoogleTarget
from llmrpc_server.providers.schemas import read_schema

_MODE = {
    pb.ToolChoice.MODE_UNSPECIFIED: "AUTO",
    pb.ToolChoice.MODE_AUTO: "AUTO",
    pb.ToolChoice.MODE_NONE: "NONE",
    pb.ToolChoice.MODE_REQUIRED: "ANY",
    pb.ToolChoice.MODE_NAMED: "ANY",
}


def build_tools(request: pb.GenerateRequest, target: GoogleTarget) -> dict[str, Any]:
    """`tools` and `toolConfig`, as far as the request needs them."""
    choice = request.tool_choice
    if choice.HasField("parallel") and not choice.parallel:
        target.findings.unsupported("tool_choice.parallel")
    if choice.mode not in _MODE:
        target.findings.invalid("tool_choice.mode", f"{choice.mode} is no value of it")
        return {}
    if not request.tools or target.refuses("tools"):
        return {}
    declarations = [
        _declaration(index, tool.function, target) for index, tool in enumerate(request.tools)
    ]
    built: dict[str, Any] = {"tools": [{"functionDeclarations": declarations}]}
    mode = _MODE[choice.mode]
    strict = _strict(request.tools, target)
    if mode == "AUTO" and strict:
        mode = "VALIDATED"
    config: dict[str, Any] = {"mode": mode}
    if choice.mode == pb.ToolChoice.MODE_NAMED:
        config["allowedFunctionNames"] = list(choice.allowed_names)
    if choice.mode != pb.ToolChoice.MODE_UNSPECIFIED or strict:
        built["toolConfig"] = {"functionCallingConfig": config}
    return built


def _declaration(index: int, tool: pb.FunctionTool, target: GoogleTarget) -> dict[str, Any]:
    declaration: dict[str, Any] = {"name": tool.name}
    if tool.description:
        declaration["description"] = tool.description
    if tool.parameters:
        field = f"tools[{index}].function.parameters"
        declaration["parametersJsonSchema"] = read_schema(tool.parameters, field, target.findings)
    return declaration


def _strict(tools: Sequence[pb.Tool], target: GoogleTarget) -> bool:
    """Whether calls are held to their schemas, which is one setting for all tools."""
    functions = [tool.function for tool in tools]
    strict = [index for index, function in enumerate(functions) if function.strict]
    free = any(one.HasField("strict") and not one.strict for one in functions)
    for index in strict:
        field = f"tools[{index}].function.strict"
        if not target.refuses("tools.function.strict", field) and free:
            target.findings.unsupported(
                field, f"{target.row.name} holds the calls of all tools to their schemas, or none"
            )
    return bool(strict)
