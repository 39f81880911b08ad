"""From the contract's request to the body of a Chat Completions request.

Source: https://developers.openai.com/api/docs/api-reference/chat/create
"""

from __future__ import annotations

from typing import Any, get_args

from llmrpc import v1 as pb
from llmrpc_server.providers.dialect import Defaults
from llmrpc_server.providers.openai.messages import build_messages
from llmrpc_server.providers.openai.options import add_options
from llmrpc_server.providers.openai.quirks import OpenAITarget
from llmrpc_server.providers.openai_family.request import (
    Sampling,
    add_max_tokens,
    add_sampling,
    add_schema,
    add_strict,
    effort,
    tool_parameters,
)
from llmrpc_server.providers.openai_family.tool_choice import add_tool_choice, tools_to_send

_SAMPLING: tuple[Sampling, ...] = get_args(Sampling)


def build_body(
    request: pb.GenerateRequest, target: OpenAITarget, defaults: Defaults, *, stream: bool
) -> dict[str, Any]:
    """The body; what stands against it is in the target's findings."""
    quirks = target.quirks
    body: dict[str, Any] = {}
    if target.name:
        body["model"] = target.name
    body["messages"] = build_messages(request.messages, target)
    if stream:
        body["stream"] = True
        if quirks.stream_usage:
            body["stream_options"] = {"include_usage": True}
    add_max_tokens(body, request, target, defaults, quirks.max_tokens)
    if request.stop and not target.refuses("stop"):
        body["stop"] = list(request.stop)
    if request.HasField("seed") and not target.refuses("seed"):
        body[quirks.seed] = request.seed
    add_sampling(body, request, target, defaults, _SAMPLING)
    if request.HasField("top_k") and not target.refuses("top_k"):
        body["top_k"] = request.top_k
    if request.tools and not target.refuses("tools"):
        body["tools"] = [
            _tool(index, tool.function, target) for index, tool in tools_to_send(request, target)
        ]
    if request.HasField("tool_choice"):
        add_tool_choice(body, request, target, _reference, _listed)
    if request.HasField("response_format"):
        _add_response_format(body, request.response_format, target)
    if request.HasField("reasoning"):
        _add_reasoning(body, request.reasoning, target)
    add_options(body, request.provider_options, target)
    return body


def _tool(index: int, tool: pb.FunctionTool, target: OpenAITarget) -> dict[str, Any]:
    field = f"tools[{index}].function"
    function: dict[str, Any] = {"name": tool.name}
    if tool.description:
        function["description"] = tool.description
    function["parameters"] = tool_parameters(tool, field, target)
    add_strict(function, tool, "tools.function.strict", f"{field}.strict", target)
    return {"type": "function", "function": function}


def _reference(tool: pb.Tool) -> dict[str, Any]:
    return {"type": "function", "function": {"name": tool.function.name}}


def _listed(mode: str, tools: list[dict[str, Any]]) -> dict[str, Any]:
    return {"type": "allowed_tools", "allowed_tools": {"mode": mode, "tools": tools}}


def _add_response_format(
    body: dict[str, Any], form: pb.ResponseFormat, target: OpenAITarget
) -> None:
    kind = form.WhichOneof("kind")
    if kind is None or kind == "text" or target.refuses(f"response_format.{kind}"):
        return
    if kind == "json_object":
        body["response_format"] = {"type": "json_object"}
        return
    schema: dict[str, Any] = {}
    add_schema(schema, form.json_schema, target)
    body["response_format"] = {"type": "json_schema", "json_schema": schema}


def _add_reasoning(body: dict[str, Any], reasoning: pb.Reasoning, target: OpenAITarget) -> None:
    if target.refuses("reasoning"):
        return
    quirks = target.quirks
    word = effort(reasoning, target)
    if word == "none" and quirks.no_reasoning:
        body.update(quirks.no_reasoning)
    elif word:
        body["reasoning_effort"] = word
    if reasoning.HasField("budget_tokens"):
        if not quirks.budget:
            target.findings.unsupported("reasoning.budget_tokens")
            return
        place = body
        *way, last = quirks.budget
        for step in way:
            place = place.setdefault(step, {})
        place[last] = reasoning.budget_tokens
