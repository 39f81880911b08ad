"""What makes the tools of a request valid, and the choice between them."""

from __future__ import annotations

from collections.abc import Iterator

from llmrpc import v1 as pb
from llmrpc.errors import Violation
from llmrpc_server.rpc.cache_rules import breakpoint_violations
from llmrpc_server.rpc.schema_rules import json_object_violation, opaque_object_violation
from llmrpc_server.words import over_limit

MAX_LETTERS = 256
"""Of a provider tool's type and name."""


def tool_violations(request: pb.GenerateRequest) -> Iterator[Violation]:
    """What is wrong with `tools` and `tool_choice`."""
    names: set[str] = set()
    for index, tool in enumerate(request.tools):
        path = f"tools[{index}]"
        yield from breakpoint_violations(path, tool)
        kind = tool.WhichOneof("kind")
        if kind == "function":
            name, field = tool.function.name, f"{path}.function.name"
            yield from _function_violations(f"{path}.function", tool.function)
        elif kind == "provider_tool":
            given = tool.provider_tool.name
            name, field = given or tool.provider_tool.type, f"{path}.provider_tool.name"
            yield from _provider_tool_violations(f"{path}.provider_tool", tool.provider_tool)
        else:
            yield Violation(path, "must have a kind: function or provider_tool")
            continue
        if name in names:
            yield Violation(field, f"duplicate; another tool has the name {name[:MAX_LETTERS]!r}")
        if name:
            names.add(name)
    if request.HasField("tool_choice"):
        yield from _choice_violations(request.tool_choice, names)


def _function_violations(path: str, function: pb.FunctionTool) -> Iterator[Violation]:
    if not function.name:
        yield Violation(f"{path}.name", "must not be empty")
    if function.parameters:
        yield from json_object_violation(f"{path}.parameters", function.parameters)


def _provider_tool_violations(path: str, tool: pb.ProviderTool) -> Iterator[Violation]:
    for name, value in (("provider", tool.provider), ("type", tool.type), ("name", tool.name)):
        if not value and name != "name":
            yield Violation(f"{path}.{name}", "must not be empty")
        elif len(value) > MAX_LETTERS:
            yield Violation(f"{path}.{name}", over_limit(MAX_LETTERS))
        elif value and not value.isprintable():
            yield Violation(f"{path}.{name}", "must not have control characters")
    if tool.options:
        yield from opaque_object_violation(f"{path}.options", tool.options, without_type=True)


def _choice_violations(choice: pb.ToolChoice, names: set[str]) -> Iterator[Violation]:
    modes = pb.ToolChoice.Mode
    if choice.mode not in modes.values():
        yield Violation("tool_choice.mode", f"{choice.mode} is not a known mode")
        return
    if choice.mode == pb.ToolChoice.MODE_REQUIRED and not names:
        yield Violation("tool_choice.mode", "MODE_REQUIRED needs at least one tool")
    allowed = choice.allowed_names
    if choice.mode == pb.ToolChoice.MODE_NAMED and len(allowed) != 1:
        yield Violation(
            "tool_choice.allowed_names",
            f"must have exactly one name with MODE_NAMED, got {len(allowed)}",
        )
    if choice.mode == pb.ToolChoice.MODE_NONE and allowed:
        yield Violation("tool_choice.allowed_names", "must be empty with MODE_NONE")
    seen: set[str] = set()
    for index, name in enumerate(allowed):
        if name not in names:
            yield Violation(f"tool_choice.allowed_names[{index}]", "is not the name of a tool")
        elif name in seen:
            yield Violation(f"tool_choice.allowed_names[{index}]", "duplicate")
        seen.add(name)
