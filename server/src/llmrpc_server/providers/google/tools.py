"""Tools, and how free the model is to call them.

Functions stand in one declaration, and what calls them is bound by modes and names. Of
Google's own tools each is an object beside it, and nothing binds them: one that the
choice does not allow is not sent. Sources:
https://ai.google.dev/gemini-api/docs/generate-content/function-calling,
https://ai.google.dev/gemini-api/docs/tool-combination and https://ai.google.dev/api/caching#Tool
"""

from __future__ import annotations

from typing import Any, NamedTuple

import msgspec

from llmrpc import v1 as pb
from llmrpc_server.providers.google.names import sent
from llmrpc_server.providers.google.quirks import GoogleTarget
from llmrpc_server.providers.mended_schemas import mend
from llmrpc_server.providers.provider_tools import tool_name, write_provider_tool
from llmrpc_server.providers.schemas import read_schema, takes_nothing

_MODE = {
    pb.ToolChoice.MODE_UNSPECIFIED: "AUTO",
    pb.ToolChoice.MODE_AUTO: "AUTO",
    pb.ToolChoice.MODE_NONE: "NONE",
    pb.ToolChoice.MODE_REQUIRED: "ANY",
    pb.ToolChoice.MODE_NAMED: "ANY",
}


class _Tools(NamedTuple):
    """The tools of a request that are sent, by their places in it."""

    functions: dict[int, pb.FunctionTool]
    own: dict[int, pb.ProviderTool]


def build_tools(request: pb.GenerateRequest, target: GoogleTarget) -> dict[str, Any]:
    """`tools` and `toolConfig`, as far as the request needs them."""
    choice = request.tool_choice
    if request.tools and choice.HasField("parallel") and not choice.parallel:
        target.findings.unsupported("tool_choice.parallel")
    if choice.mode not in _MODE:
        target.findings.invalid("tool_choice.mode", f"{choice.mode} is no value of it")
        return {}
    if not request.tools or target.refuses("tools"):
        return {}
    for index, tool in enumerate(request.tools):
        if tool.HasField("cache_breakpoint"):
            target.findings.warn(
                f"tools[{index}].cache_breakpoint", f"{target.row.name} has no place for it"
            )
    tools, names = _allowed(request, target)
    declarations = [_declaration(*each, target) for each in tools.functions.items()]
    written = [{"functionDeclarations": declarations}] if declarations else []
    for index, own in tools.own.items():
        if write_provider_tool(own, f"tools[{index}]", target) is not None:
            written.append(_own(own, target))
    config: dict[str, Any] = {}
    if declarations:
        config = _function_config(choice, tools, names, target)
    if declarations and _mixes(tools, target):
        config["includeServerSideToolInvocations"] = True
    return {**({"tools": written} if written else {}), **({"toolConfig": config} if config else {})}


def _allowed(request: pb.GenerateRequest, target: GoogleTarget) -> tuple[_Tools, list[str]]:
    """The tools that are sent, and the names of functions to which they are bound."""
    choice = request.tool_choice
    names = list(choice.allowed_names)
    functions: dict[int, pb.FunctionTool] = {}
    own: dict[int, pb.ProviderTool] = {}
    left_out = 0
    for index, tool in enumerate(request.tools):
        allowed = not names or tool_name(tool) in names
        if tool.WhichOneof("kind") == "function":
            functions[index] = tool.function
        elif allowed and choice.mode != pb.ToolChoice.MODE_NONE:
            own[index] = tool.provider_tool
        else:
            left_out += 1
    bound = [sent(each.name) for each in functions.values() if each.name in names]
    lists = _MODE[choice.mode] != "AUTO" or not target.lacks("tools.function.strict")
    if names and not (bound and lists):
        left_out += len(functions) - len(bound)
        functions = {index: each for index, each in functions.items() if each.name in names}
        bound = []
    if left_out:
        target.findings.warn(
            "tool_choice.allowed_names" if names else "tool_choice.mode",
            f"{target.name} cannot be told to leave a tool alone that it was sent: {left_out} "
            "tools are not sent, which changes the provider's prompt cache",
        )
    if own and not functions and _MODE[choice.mode] == "ANY":
        target.findings.unsupported(
            "tool_choice.mode",
            f"{target.row.name} cannot be made to call one of its own tools; use MODE_AUTO",
        )
    return _Tools(functions, own), bound


def _function_config(
    choice: pb.ToolChoice, tools: _Tools, names: list[str], target: GoogleTarget
) -> dict[str, Any]:
    mode = _MODE[choice.mode]
    strict = _strict(tools.functions, target)
    if mode == "AUTO" and (strict or names):
        mode = "VALIDATED"
    if choice.mode == pb.ToolChoice.MODE_UNSPECIFIED and mode == "AUTO":
        return {}
    config: dict[str, Any] = {"mode": mode}
    if names:
        config["allowedFunctionNames"] = names
    return {"functionCallingConfig": config}


def _mixes(tools: _Tools, target: GoogleTarget) -> bool:
    """Whether functions go with tools that Google runs, which it must be told."""
    run = [i for i, tool in tools.own.items() if tool.type not in target.quirks.caller_tools]
    if run and target.lacks("tools.mixed"):
        for index in run:
            target.findings.unsupported(
                f"tools[{index}].provider_tool",
                f"{target.name} takes functions or provider tools, not both; remove one kind",
            )
    return bool(run)


def _own(tool: pb.ProviderTool, target: GoogleTarget) -> dict[str, Any]:
    """One of Google's tools: its options under its type, as they were written."""
    options = msgspec.Raw((tool.options or "{}").encode())
    return {tool.type: [options] if tool.type in target.quirks.listed_tools else options}


def _declaration(index: int, tool: pb.FunctionTool, target: GoogleTarget) -> dict[str, Any]:
    declaration: dict[str, Any] = {"name": sent(tool.name)}
    if tool.description:
        declaration["description"] = tool.description
    if tool.parameters:
        field = f"tools[{index}].function.parameters"
        schema = read_schema(mend(tool.parameters), field, target.findings)
        if not takes_nothing(schema):
            declaration["parametersJsonSchema"] = schema
    return declaration


def _strict(functions: dict[int, pb.FunctionTool], target: GoogleTarget) -> bool:
    """Whether calls are held to their schemas, which is one setting for all tools."""
    strict = [index for index, function in functions.items() if function.strict]
    free = any(one.HasField("strict") and not one.strict for one in functions.values())
    for index in strict:
        field = f"tools[{index}].function.strict"
        if not target.refuses("tools.function.strict", field) and free:
            target.findings.unsupported(
                field, f"{target.row.name} holds the calls of all tools to their schemas, or none"
            )
    return bool(strict)
