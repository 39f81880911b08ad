"""Tools of a request: functions, the provider's own, and the choice between them.

Sources: https://developers.openai.com/api/docs/guides/tools,
https://developers.openai.com/api/docs/guides/function-calling and
https://docs.x.ai/developers/tools/overview
"""

from __future__ import annotations

from fnmatch import fnmatchcase
from typing import Any

from llmrpc import v1 as pb
from llmrpc_server.providers.openai_family.request import tool_parameters
from llmrpc_server.providers.openai_family.tool_choice import add_tool_choice, tools_to_send
from llmrpc_server.providers.openai_responses.quirks import ResponsesTarget
from llmrpc_server.providers.provider_tools import read_options, write_provider_tool
from llmrpc_server.providers.tool_names import sent_name

_INCLUDED = {
    "web_search*": "web_search_call.action.sources",
    "file_search": "file_search_call.results",
    "code_interpreter": "code_interpreter_call.outputs",
}
"""What the item of a tool lacks unless it is asked for, by the tool's type: without state
at the provider it could not be had later. Sources: `ResponseIncludable` of the `openai`
package 3.57.0 and https://docs.x.ai/developers/tools/overview#accessing-tool-outputs"""
_NAMED = ("custom", "namespace")
"""Provider tools that have a name of their own."""
_REFERENCE = ("name", "server_label")
"""What tells tools of one type apart where a choice refers to them."""


def add_tools(body: dict[str, Any], request: pb.GenerateRequest, target: ResponsesTarget) -> None:
    """Writes the tools and the choice between them."""
    if request.tools and not target.refuses("tools"):
        sent = tools_to_send(request, target)
        written = (_tool(tool, f"tools[{index}]", target) for index, tool in sent)
        body["tools"] = [each for each in written if each is not None]
    if body.get("tools"):
        add_tool_choice(body, request, target, _reference, _listed)


def included(request: pb.GenerateRequest) -> list[str]:
    """What has to be asked for so that nothing of what the provider's tools did is lost."""
    types = [tool.provider_tool.type for tool in request.tools]
    return [
        name
        for pattern, name in _INCLUDED.items()
        if any(fnmatchcase(each, pattern) for each in types)
    ]


def check_modalities(request: pb.GenerateRequest, target: ResponsesTarget) -> None:
    """Refuses what an answer cannot be: it may be text, and has images with their tool alone.

    Nothing is sent for it: a model that has the tool decides when to use it.
    """
    wanted = {*request.output_modalities}
    images = any(tool.provider_tool.type == "image_generation" for tool in request.tools)
    possible = {pb.MODALITY_TEXT, pb.MODALITY_IMAGE} if images else {pb.MODALITY_TEXT}
    if wanted and (pb.MODALITY_TEXT not in wanted or not wanted <= possible):
        target.findings.unsupported(
            "output_modalities",
            "Responses writes text, and images with the provider tool image_generation; ask for "
            "MODALITY_TEXT, and for MODALITY_IMAGE beside it only with that tool",
        )


def _tool(tool: pb.Tool, field: str, target: ResponsesTarget) -> dict[str, Any] | None:
    if tool.HasField("cache_breakpoint"):
        target.findings.drop(f"{field}.cache_breakpoint", "cache breakpoints on tools")
    if tool.WhichOneof("kind") == "function":
        return _function(tool.function, f"{field}.function", target)
    written = write_provider_tool(tool.provider_tool, field, target)
    if written is None or "name" in written or not tool.provider_tool.name:
        return written
    named = tool.provider_tool.type in _NAMED
    return {**written, "name": tool.provider_tool.name} if named else written


def _function(tool: pb.FunctionTool, field: str, target: ResponsesTarget) -> dict[str, Any]:
    """Without `strict` this API would make optional arguments required ones.

    Source: https://developers.openai.com/api/docs/guides/function-calling#strict-mode
    """
    built: dict[str, Any] = {"type": "function", "name": sent_name(tool.name)}
    if tool.description:
        built["description"] = tool.description
    built["parameters"] = tool_parameters(tool, field, target)
    strict = tool.strict and not target.refuses("tools.function.strict", f"{field}.strict")
    return {**built, "strict": strict}


def _reference(tool: pb.Tool) -> dict[str, Any]:
    if tool.WhichOneof("kind") == "function":
        return {"type": "function", "name": sent_name(tool.function.name)}
    own = tool.provider_tool
    fields: dict[str, Any] = {**read_options(own)}
    if own.type in _NAMED and own.name:
        fields.setdefault("name", own.name)
    return {"type": own.type, **{name: fields[name] for name in _REFERENCE if name in fields}}


def _listed(mode: str, tools: list[dict[str, Any]]) -> dict[str, Any]:
    return {"type": "allowed_tools", "mode": mode, "tools": tools}
