"""From the contract's request to the body of a Chat Completions request.

Source: https://developers.openai.com/api/docs/api-reference/chat/create
"""

from __future__ import annotations

from typing import Any, Literal, get_args

import msgspec

from llmrpc import v1 as pb
from llmrpc_server.providers.dialect import Defaults
from llmrpc_server.providers.openai.messages import build_messages
from llmrpc_server.providers.openai.options import add_options
from llmrpc_server.providers.openai.quirks import OpenAITarget
from llmrpc_server.providers.schemas import read_schema

_Sampling = Literal["temperature", "top_p", "presence_penalty", "frequency_penalty"]

_SAMPLING: tuple[_Sampling, ...] = get_args(_Sampling)
"""What a model takes only while it does not reason. Source:
https://developers.openai.com/api/docs/guides/latest-model#parameter-compatibility"""

_NO_PARAMETERS = msgspec.Raw(b'{"type":"object","properties":{},"additionalProperties":false}')

_EFFORT = {
    value: name.removeprefix("EFFORT_").lower() for name, value in pb.Reasoning.Effort.items()
}
_MODE = {
    pb.ToolChoice.MODE_AUTO: "auto",
    pb.ToolChoice.MODE_NONE: "none",
    pb.ToolChoice.MODE_REQUIRED: "required",
}


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
    _add_limits(body, request, target, defaults)
    _add_sampling(body, request, target, defaults)
    if request.tools and not target.refuses("tools"):
        body["tools"] = [_tool(index, tool, target) for index, tool in enumerate(request.tools)]
    if request.HasField("tool_choice"):
        _add_tool_choice(body, request.tool_choice, target)
    if request.HasField("response_format"):
        _add_response_format(body, request.response_format, target)
    if request.HasField("reasoning"):
        _add_reasoning(body, request.reasoning, target)
    add_options(body, request.provider_options, target)
    return body


def _add_limits(
    body: dict[str, Any], request: pb.GenerateRequest, target: OpenAITarget, defaults: Defaults
) -> None:
    if request.HasField("max_tokens"):
        if not target.refuses("max_tokens"):
            body[target.quirks.max_tokens] = request.max_tokens
    elif defaults.max_tokens is not None:
        body[target.quirks.max_tokens] = defaults.max_tokens
    if request.stop and not target.refuses("stop"):
        body["stop"] = list(request.stop)
    if request.HasField("seed") and not target.refuses("seed"):
        body[target.quirks.seed] = request.seed


def _add_sampling(
    body: dict[str, Any], request: pb.GenerateRequest, target: OpenAITarget, defaults: Defaults
) -> None:
    reasons = _reasons(request, target)
    for field in _SAMPLING:
        if not request.HasField(field):
            continue
        if reasons:
            target.findings.unsupported(
                field, f"{target.name} takes no {field} while it reasons; leave it out"
            )
        elif not target.refuses(field):
            body[field] = getattr(request, field)
    if request.HasField("top_k") and not target.refuses("top_k"):
        body["top_k"] = request.top_k
    if defaults.temperature is None or request.HasField("temperature"):
        return
    if reasons or target.lacks("temperature"):
        target.findings.warn(
            "temperature", f"{target.name} takes none: the gateway's default is left out"
        )
    else:
        body["temperature"] = defaults.temperature


def _reasons(request: pb.GenerateRequest, target: OpenAITarget) -> bool:
    """Whether the model will reason, so far as its row says."""
    match target.model.reasoning:
        case "never":
            return False
        case "always":
            return True
        case "by_default":
            return request.reasoning.effort != pb.Reasoning.EFFORT_NONE
        case "on_request":
            return request.reasoning.effort not in (
                pb.Reasoning.EFFORT_UNSPECIFIED,
                pb.Reasoning.EFFORT_NONE,
            )


def _tool(index: int, tool: pb.Tool, target: OpenAITarget) -> dict[str, Any]:
    field = f"tools[{index}]"
    function: dict[str, Any] = {"name": tool.name}
    if tool.description:
        function["description"] = tool.description
    function["parameters"] = (
        read_schema(tool.parameters, f"{field}.parameters", target.findings)
        if tool.parameters
        else _NO_PARAMETERS
    )
    _add_strict(function, tool, "tools.strict", f"{field}.strict", target)
    return {"type": "function", "function": function}


def _add_strict(
    body: dict[str, Any],
    source: pb.Tool | pb.JsonSchemaFormat,
    place: str,
    field: str,
    target: OpenAITarget,
) -> None:
    """A provider that cannot hold to a schema does not when it is not asked to."""
    if not source.HasField("strict"):
        return
    if not target.lacks(place):
        body["strict"] = source.strict
    elif source.strict:
        target.findings.unsupported(field)


def _add_tool_choice(body: dict[str, Any], choice: pb.ToolChoice, target: OpenAITarget) -> None:
    if choice.mode == pb.ToolChoice.MODE_NAMED:
        if not target.refuses("tool_choice.named", "tool_choice.name"):
            body["tool_choice"] = {"type": "function", "function": {"name": choice.name}}
    elif choice.mode in _MODE:
        word = _MODE[choice.mode]
        if not target.refuses(f"tool_choice.{word}", "tool_choice.mode"):
            body["tool_choice"] = word
    elif choice.mode != pb.ToolChoice.MODE_UNSPECIFIED:
        target.findings.invalid("tool_choice.mode", f"{choice.mode} is no value of it")
    if choice.HasField("parallel"):
        if not target.lacks("tool_choice.parallel"):
            body["parallel_tool_calls"] = choice.parallel
        elif not choice.parallel:
            target.findings.unsupported("tool_choice.parallel")


def _add_response_format(
    body: dict[str, Any], form: pb.ResponseFormat, target: OpenAITarget
) -> None:
    kind = form.WhichOneof("kind")
    if kind is None or kind == "text" or target.refuses(f"response_format.{kind}"):
        return
    if kind == "json_object":
        body["response_format"] = {"type": "json_object"}
        return
    field = "response_format.json_schema"
    json_schema = form.json_schema
    schema: dict[str, Any] = {"name": json_schema.name or "response"}
    if json_schema.description:
        schema["description"] = json_schema.description
    schema["schema"] = read_schema(json_schema.schema, f"{field}.schema", target.findings)
    _add_strict(schema, json_schema, f"{field}.strict", f"{field}.strict", target)
    body["response_format"] = {"type": "json_schema", "json_schema": schema}


def _add_reasoning(body: dict[str, Any], reasoning: pb.Reasoning, target: OpenAITarget) -> None:
    if target.refuses("reasoning"):
        return
    quirks = target.quirks
    if reasoning.effort not in _EFFORT:
        target.findings.invalid("reasoning.effort", f"{reasoning.effort} is no value of it")
    elif reasoning.effort != pb.Reasoning.EFFORT_UNSPECIFIED:
        effort = _EFFORT[reasoning.effort]
        if effort == "none" and quirks.no_reasoning:
            body.update(quirks.no_reasoning)
        elif effort in quirks.efforts:
            body["reasoning_effort"] = effort
        else:
            target.findings.unsupported(
                "reasoning.effort",
                f"{target.row.name} has {', '.join(sorted(quirks.efforts))}, and not {effort}",
            )
    if reasoning.HasField("budget_tokens"):
        if not quirks.budget:
            target.findings.unsupported("reasoning.budget_tokens")
            return
        place = body
        *way, last = quirks.budget
        for step in way:
            place = place.setdefault(step, {})
        place[last] = reasoning.budget_tokens
